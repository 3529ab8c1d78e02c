"""How fast the function API is (python -m tests.bench.api).

Eight clients over HTTP against our own server, and pgbench running the statements that
the same calls send, taken down as they go by. One JSON line per figure, each with its
comparison from the same run.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.management import call_command
from django.db import connection
from django.test import Client
from psycopg import ClientCursor

from agents.api.tokens import digest_of
from agents.models import ApiToken
from tests import databases
from tests.bench.vouchers import pgbench_binary, say
from vouchers.models import Profile, VoucherEvent
from vouchers.services.profiles import add_station

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENTS = 8
EACH = 100
ROUNDS = 3
TARGET = 0.25
PORT = 8971
# Each call is another token's and another customer's: the rates stay out of it.
PEOPLE = 2 * CLIENTS * EACH * ROUNDS + 2


def main() -> None:
    databases.start_server()
    template = databases.template()
    with databases.clone(template, label="api") as name, databases.using(name):
        call_command(
            *("flags", "set", "FEATURE_AGENT_VOUCHERS=on"),
            reason="bench",
            stdout=sys.stderr,
        )
        seed()
        os.environ["DATABASE_URL"] = databases.url()
        with server():
            compare()


def seed() -> None:
    add_station(code="BENCH", name="Bench")
    ApiToken.objects.bulk_create(
        ApiToken(
            name=f"bench {number}",
            digest=digest_of(secret(number)),
            scopes=["create", "redeem"],
            created_by="bench",
        )
        # One more than people, for calls of one token.
        for number in range(PEOPLE + 1)
    )
    Profile.objects.bulk_create(
        Profile(
            public_id=UUID(hashlib.md5(f"p{number}".encode()).hexdigest()),
            msisdn=msisdn(number),
            name="Bench",
        )
        for number in range(PEOPLE)
    )
    with connection.cursor() as cursor:
        cursor.execute(HELPER)
        cursor.execute("ANALYZE")


def secret(number: int) -> str:
    return f"bench-secret-{number:08}-of-thirty-two-signs"


def msisdn(number: int) -> str:
    return f"+25078{8_100_000 + number}"


@contextmanager
def server() -> Iterator[None]:
    """Serve as in production: two processes for two processors."""
    given = {"PORT": str(PORT), "HOST": "127.0.0.1", "WEB_WORKERS": "2"}
    process = subprocess.Popen(
        [sys.executable, "-m", "easymo.web.server"],
        env={**os.environ, **given, "DJANGO_SETTINGS_MODULE": "easymo.settings"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                http.client.HTTPConnection("127.0.0.1", PORT, timeout=5).connect()
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


def compare() -> None:
    issued: dict[int, str] = {}

    def redeem(number: int) -> tuple[str, dict[str, Any]]:
        body = {"voucher_id": issued[number], "customer_msisdn": msisdn(number)}
        return "redeem", {**body, "station": "BENCH"}

    for figure, call in (("issued", create_call), ("redeemed", redeem)):
        script = taken_down(call, issued)
        ours, theirs = [], []
        for round_ in range(ROUNDS):
            first = round_ * CLIENTS * EACH
            ours.append(through_http(call, first, issued))
            first += ROUNDS * CLIENTS * EACH
            theirs.append(through_pgbench(script, first=first, table=figure))
        ratio = statistics.median(ours) / statistics.median(theirs)
        say(
            f"vouchers {figure} per second over the API with a key, 8 clients",
            value=round(statistics.median(ours)),
            baseline="pgbench running the same SQL",
            baseline_value=round(statistics.median(theirs)),
            ratio=round(ratio, 2),
            target=TARGET,
            reached=ratio >= TARGET,
        )


def create_call(number: int) -> tuple[str, dict[str, Any]]:
    return "create", {"customer_msisdn": msisdn(number), "amount": 100}


def through_http(
    call: Callable[[int], tuple[str, Any]], first: int, issued: dict[int, str]
) -> float:
    """Let eight clients call, each over its own kept connection."""
    failed: list[Any] = []

    def client(place: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        for number in range(first + place, first + CLIENTS * EACH, CLIENTS):
            verb, body = call(number)
            headers = headers_of(number, verb) | {"Content-Type": "application/json"}
            path = f"/functions/v1/ai-{verb}-voucher"
            link.request("POST", path, json.dumps(body), headers)
            answer = json.loads(link.getresponse().read())
            if not answer["success"]:
                failed.append(answer)
                return
            issued[number] = answer["voucher_id"]

    threads = [threading.Thread(target=client, args=(at,)) for at in range(CLIENTS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"A call was refused: {failed[0]}")
    return CLIENTS * EACH / (time.perf_counter() - started)


def headers_of(number: int, verb: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {secret(number)}",
        "Idempotency-Key": f"{verb}-{number}",
    }


def taken_down(
    call: Callable[[int], tuple[str, Any]],
    issued: dict[int, str],
    number: int = PEOPLE - 1,
    token: int | None = None,
) -> str:
    """Call once by hand, and return what it sent with variables in it.

    The token is that of the person `number`; another one stays a literal.
    """
    sent: list[str] = []

    def note(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        with ClientCursor(connection.connection) as cursor:
            sent.append(cursor.mogrify(sql, params) if params else sql)
        return execute(sql, params, *rest)

    verb, body = call(number)
    with connection.execute_wrapper(note):
        answer = (
            Client(headers={"Host": "localhost"})
            .post(
                f"/functions/v1/ai-{verb}-voucher",
                body,
                content_type="application/json",
                headers=headers_of(token or number, verb),
            )
            .json()
        )
    if not answer["success"]:
        raise SystemExit(f"A call was refused: {answer}")
    issued[number] = answer["voucher_id"]
    # Switches are read into memory by a process that serves, not for each call.
    sent = [text for text in sent if "rollout_cohort AS cohort" not in text]
    begins = next(at for at, text in enumerate(sent) if "api_claim(" in text)
    statements = [_with_variables(text, verb, answer, number) for text in sent]
    return ";\n".join(
        [
            "\\set n :first + :client_id * :each + :i\n\\set p :n + 1\n",
            *statements[:begins],
            "BEGIN",
            *statements[begins:],
            "COMMIT;\n",
        ]
    ).replace("\n;\n", "\n", 1)


def _with_variables(text: str, verb: str, answer: dict[str, Any], number: int) -> str:
    """Replace person, token, key and voucher of this call by pgbench's own."""
    person = Profile.objects.get(msisdn=msisdn(number))
    last = ApiToken.objects.latest("id").pk
    token = digest_of(secret(number)).hex()
    text = re.sub(r"--.*", "", text).replace(";\n", "\\;\n").strip().rstrip(";")
    text = text.replace(
        f"'\\x{token}'",
        "sha256(convert_to('bench-secret-' || lpad((:n)::text, 8, '0')"
        " || '-of-thirty-two-signs', 'UTF8'))",
    )
    text = text.replace(f"'{msisdn(number)}'", f"('+25078' || ({8_100_000} + :n))")
    text = text.replace(f"'{UUID(answer['voucher_id']).hex}'", "md5('v' || :n)")
    text = text.replace(f"'api:{person.public_id}'", "('api:' || md5('p' || :n))")
    text = text.replace(f"'{person.public_id}'", "md5('p' || :n)::uuid::text")
    text = re.sub(rf"'api:({person.pk}|{last}):[^']*'", f"('{verb}:' || :n)", text)
    text = re.sub(rf"'([a-z]+):{person.pk}'", r"('\1:' || :p)", text)
    text = re.sub(rf"'{person.pk}:bench {number}'", "(:p || ':bench ' || :n)", text)
    text = re.sub(rf"(?<![\w.:'-]){person.pk}(?![\w.'-])", ":p", text)
    if answer.get("reference"):
        text = text.replace(
            f"'{answer['reference']}'", "('R' || left(md5('r' || :n), 12))"
        )
    if 'UPDATE "agents_idempotentcall"' in text:
        text = re.sub(r'"id" = \S+', '"id" = lastval_of_call()', text)
    if "INSERT INTO voucher_event_seal" in text:
        text = re.sub(r"unnest\(.*?\[\], .*?\[\]::bigint\[\], ", SEALED, text)
    return _with_fresh_bytes(text, verb)


def _with_fresh_bytes(text: str, verb: str) -> str:
    """Replace every other byte string (hashes, sealed codes) by one of this call."""
    places = iter("abcdefgh")
    return re.sub(
        r"'\\x[0-9a-f]{64,}'",
        lambda _: f"sha256(convert_to('{verb}{next(places)}' || :n, 'UTF8'))",
        text,
    )


# STABLE: with a volatile function PostgreSQL reads the whole table for each call.
HELPER = """
CREATE FUNCTION lastval_of_call() RETURNS bigint STABLE LANGUAGE sql AS
$$ SELECT currval(pg_get_serial_sequence('agents_idempotentcall', 'id')) $$;
CREATE FUNCTION lastval_of_event() RETURNS bigint STABLE LANGUAGE sql AS
$$ SELECT currval(pg_get_serial_sequence('voucher_event', 'id')) $$
"""
SEALED = (
    "unnest(ARRAY[lastval_of_event()], ARRAY(SELECT voucher_id FROM voucher_event"
    " WHERE id = lastval_of_event()), "
)


def through_pgbench(script: str, *, first: int, table: str) -> float:
    before = rows_in(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.sql"
        path.write_text("\\set i :i + 1\n" + script, encoding="utf-8")
        done = subprocess.run(
            [
                *(pgbench_binary(), "-n", "-f", str(path), "-t", str(EACH)),
                *("-c", str(CLIENTS), "-j", "2", "-D", "i=-1"),
                *("-D", f"first={first}", "-D", f"each={EACH}"),
                databases.url(),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    made = rows_in(table) - before
    if done.returncode or made != CLIENTS * EACH:
        raise SystemExit(
            f"pgbench did {made} of {CLIENTS * EACH}.\n{done.stderr}\n{script}"
        )
    return float(re.findall(r"tps = ([0-9.]+)", done.stdout)[-1])


def rows_in(kind: str) -> int:
    return VoucherEvent.objects.filter(kind=kind).count()


if __name__ == "__main__":
    main()

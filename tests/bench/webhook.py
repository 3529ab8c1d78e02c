"""Webhook receipts made durable per second, against pywa and against pgbench.

    python -m tests.bench.webhook

Sixteen keep-alive connections post signed webhooks of one message each. pywa runs
behind FastAPI on uvicorn with uvloop and httptools, as many processes, and makes the
same two inserts in one statement before it answers. pgbench runs that statement on the
same server, the queue's triggers included. Both servers are up all the time and take
short turns, so that what else runs on the machine hits them alike; what each stored in
all its turns counts. One JSON line for each figure.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen
from uuid import uuid4

import django

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECTIONS = 16
SECONDS = float(os.environ.get("BENCH_SECONDS", "1.5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "8"))
PROCESSES = int(os.environ.get("BENCH_PROCESSES", "1"))
SECRET = "bench-secret"


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from tests import databases

    databases.start_server()
    name = databases.template()
    with databases.clone(name, label="bench") as clone, databases.using(clone):
        both_store_the_same()
        url = databases.url()
        figures = asyncio.run(measure(url))
    ours, pywa, pgbench = figures
    report("webhook receipts against pywa", ours, pywa, 1.3)
    report("webhook receipts against pgbench", ours, pgbench, 0.4)
    return 0


def report(figure: str, ours: list[float], other: list[float], need: float) -> None:
    ratio = sum(ours) / sum(other)
    ratios = [a / b for a, b in zip(ours, other, strict=True)]
    line = {
        "figure": figure,
        "per_second": round(statistics.mean(ours)),
        "baseline_per_second": round(statistics.mean(other)),
        "ratio": round(ratio, 2),
        "ratios": [round(min(ratios), 2), round(max(ratios), 2)],
        "need": need,
        "met": ratio >= need,
    }
    print(json.dumps(line), flush=True)  # noqa: T201 - its result


async def measure(url: str) -> tuple[list[float], list[float], list[float]]:
    posts = requests()
    ours: list[float] = []
    pywa: list[float] = []
    raw: list[float] = []
    path = "/functions/v1/ai-whatsapp-webhook"
    with (
        server(own_command(), "/healthz", url) as own,
        server(pywa_command(), "/docs", url) as other,
    ):
        # The first round warms both up.
        for _ in range(1 + ROUNDS):
            ours.append(await load(own, posts(path), url))
            pywa.append(await load(other, posts("/webhook"), url))
            raw.append(pgbench(url))
    return ours[1:], pywa[1:], raw[1:]


def both_store_the_same() -> None:
    """Our statement is for several receipts, pywa's for one: they write alike."""
    from django.db import connection

    from agents.inbound import event_store
    from tests.bench.webhook_statement import RECORD, values

    cause, found = uuid4(), []
    with connection.cursor() as cursor:
        for is_ours in (True, False):
            if is_ours:
                event_store.record(
                    body=b"{}",
                    is_synthetic=False,
                    correlation_id=cause,
                )
            else:
                cursor.execute(RECORD, values(b"{}", cause))
            cursor.execute(
                "SELECT (SELECT to_jsonb(e) - '{id,received_at}'::text[]"
                " FROM agents_webhookevent e ORDER BY id DESC LIMIT 1),"
                " (SELECT to_jsonb(j) - 'id'"
                " FROM procrastinate_jobs j ORDER BY id DESC LIMIT 1)"
            )
            found.append(cursor.fetchone())
    assert found[0] == found[1], "the two sides must do the same"


def requests() -> Callable[[str], Callable[[], bytes]]:
    """Return what makes signed requests for a path, no two of them alike.

    pywa skips a body that it has seen before.
    """
    from agents.whatsapp.signature import sign
    from tests import payloads

    message = payloads.text("create voucher 1 for +250788000000", id="wamid.NUMBER")
    message["_bsuid"] = "RW.1349120865530274"
    template = payloads.webhook(message)
    numbers = itertools.count()

    def for_path(path: str) -> Callable[[], bytes]:
        def make() -> bytes:
            body = template.replace(b"NUMBER", b"%024d" % next(numbers))
            head = (
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Type: application/json\r\n"
                f"X-Hub-Signature-256: {sign(body, SECRET)}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            return head.encode() + body

        return make

    return for_path


async def load(port: int, post: Callable[[], bytes], url: str) -> float:
    """Post over sixteen connections for a while; return receipts stored per second.

    Rows are counted, not answers: pywa answers before its handler has stored anything.
    """
    before = _stored(url)
    started_at = time.monotonic()
    answers = await _post(port, post, seconds=SECONDS)
    stored, seconds = _stored(url) - before, time.monotonic() - started_at
    print(f"{answers} answered, {stored} stored", file=sys.stderr)  # noqa: T201
    return stored / seconds


async def _post(port: int, post: Callable[[], bytes], *, seconds: float) -> int:
    until = time.monotonic() + seconds
    counts = await asyncio.gather(
        *(_client(port, post, until) for _ in range(CONNECTIONS))
    )
    return sum(counts)


def _stored(url: str) -> int:
    from psycopg import connect

    with connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM agents_webhookevent").fetchone()
    return int(row[0]) if row else 0


async def _client(port: int, post: Callable[[], bytes], until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    while time.monotonic() < until:
        writer.write(post())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"it answered {head.decode()}")
        length = re.search(rb"content-length: (\d+)", head.lower())
        assert length is not None
        await reader.readexactly(int(length[1]))
        done += 1
    writer.close()
    return done


def pgbench(url: str) -> float:
    """Run the same statement, its values as they are sent, by pgbench."""
    from psycopg import ClientCursor, connect

    from tests import payloads
    from tests.bench.webhook_statement import RECORD, values

    with connect(url) as connection:
        cursor = ClientCursor(connection)
        body = payloads.webhook(payloads.text("create voucher 1 for +250788000000"))
        statement = cursor.mogrify(RECORD, values(body, uuid4()))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "receipt.sql")
        # A colon begins a variable of pgbench's.
        script.write_text(statement.replace("\n", " ").strip() + ";\n")
        done = subprocess.run(
            [
                *("pgbench", "-n", "-M", "simple", "-c", str(CONNECTIONS), "-j", "2"),
                *("-T", str(max(int(SECONDS), 1)), "-f", str(script), url),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def own_command() -> list[str]:
    return [sys.executable, "-m", "easymo.web.server"]


def pywa_command() -> list[str]:
    options = ["--loop", "uvloop", "--http", "httptools", "--log-level", "warning"]
    return [
        *(sys.executable, "-m", "uvicorn", "tests.bench.pywa_server:app", *options),
        *("--workers", str(PROCESSES)) * (PROCESSES > 1),
    ]


@contextmanager
def server(command: list[str], path: str, url: str) -> Iterator[int]:
    """Start a server on a port of its own; stop it in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "easymo.settings",
        "DATABASE_URL": url,
        "BENCH_DATABASE_URL": url,
        "PORT": str(port),
        "WEB_WORKERS": str(PROCESSES),
        "WA_APP_SECRET": SECRET,
        "WA_PHONE_ID": "106540352242922",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
    }
    if "uvicorn" in command:
        command = [*command, "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}{path}", process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not start")


if __name__ == "__main__":
    sys.exit(main())

"""What a turn costs, and how many a worker holds. Run: python -m tests.bench.turns

Prints one JSON line per figure. Web and worker are real processes; OpenAI and the
Graph API are on the loopback, in this process.
"""

from __future__ import annotations

# Django must be set up before our code is imported.
# ruff: noqa: E402
import json
import os
import socket
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection

from tests import databases, payloads
from tests.agents.cast import make_cast
from tests.fakes import openai_answers as say
from tests.fakes.graph import FakeGraph
from tests.fakes.openai import FakeOpenAI
from tests.vouchers.tampering import unguarded
from tests.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A_SECOND = 20
SECONDS = 10
TARGET_MS = 250
HELD = (200, 600)
MODEL_S = 5.0
QUIET_S = 1.5
TARGET_LATE_S = 2.0
TARGET_MB = 500
QUICK = ("-m", "tests.bench.quick_worker")
USUAL = ("manage.py", "procrastinate", "worker")


def main() -> None:
    databases.start_server()
    template = databases.template()
    for measure in (overhead, *(partial(held, count=count) for count in HELD)):
        with databases.clone(template, label="bench") as name, databases.using(name):
            # Roles of the cast are not confirmed by anyone.
            with unguarded("profiles"):
                make_cast()
            measure(databases.url())


def overhead(database_url: str) -> None:
    with service(database_url, QUICK, model_s=0.0) as (worker, graph, url):
        send(url, graph, count=10, a_second=5)
        before, base_before = cpu_ms(worker.pid), backends_cpu_ms(database_url)
        wal_before = wal_bytes()
        took = send(url, graph, count=A_SECOND * SECONDS, a_second=A_SECOND)
        spent = (cpu_ms(worker.pid) - before) / len(took)
        base_spent = (backends_cpu_ms(database_url) - base_before) / len(took)
        wal = (wal_bytes() - wal_before) / len(took)
    in_ms = sorted(seconds * 1000 for seconds in took)
    p95 = statistics.quantiles(in_ms, n=20)[-1]
    tell(
        "turn overhead, webhook to hand-over, p95 ms",
        p95,
        target=TARGET_MS,
        reached=p95 < TARGET_MS,
        p50=round(statistics.median(in_ms), 1),
        worker_cpu_ms_a_message=round(spent, 1),
        postgres_cpu_ms_a_message=round(base_spent, 1),
        wal_bytes_a_message=round(wal),
        messages=len(in_ms),
        a_second=A_SECOND,
    )


def held(database_url: str, *, count: int) -> None:
    with service(
        database_url,
        USUAL,
        model_s=MODEL_S,
        # 600 messages within five seconds are more than Meta's usual limit allows.
        WA_MESSAGES_A_SECOND="1000",
    ) as (worker, graph, url):
        # All are open at once before the first is answered.
        took = send(url, graph, count=count, a_second=count / (MODEL_S * 0.95))
        megabytes = peak_mb(worker.pid)
    late = max(took) - MODEL_S - QUIET_S
    tell(
        "conversations held while the model thinks, latest by s",
        late,
        target=TARGET_LATE_S,
        reached=late < TARGET_LATE_S and megabytes < TARGET_MB,
        held=count,
        megabytes=round(megabytes),
        target_megabytes=TARGET_MB,
    )


@contextmanager
def service(
    database_url: str,
    command: tuple[str, ...],
    *,
    model_s: float = 0.0,
    answer: Callable[[dict[str, Any]], say.Answer] | None = None,
    **environment: str,
) -> Iterator[tuple[Worker, FakeGraph, str]]:
    """Run web, worker and the two providers."""
    port = str(free_port())
    with FakeOpenAI() as openai, FakeGraph() as graph:
        openai.respond_with(
            answer or (lambda _body: say.text("I am here.", delay=model_s))
        )
        given: dict[str, Any] = {
            "database_url": database_url,
            "graph": graph,
            "openai": openai,
            "LOG_LEVEL": "WARNING",
            **environment,
        }
        web = Worker(
            command=("-m", "easymo.web.server"), PORT=port, HOST="127.0.0.1", **given
        )
        with web, Worker(command=command, **given) as worker:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/healthz")
            try:
                yield worker, graph, url + payloads.URL
            finally:
                # Killed, it would leave the process behind that it watches over.
                web.stop(seconds=20)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def send(url: str, graph: FakeGraph, *, count: int, a_second: float) -> list[float]:
    """Post messages of as many people at a steady pace; return how long each took."""
    before = len(graph.sent)
    posted: dict[str, float] = {}
    start = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        for place in range(count):
            time.sleep(max(0.0, start + place / a_second - time.monotonic()))
            sender = f"+25078{before + place + 2_000_000:07d}"
            body = payloads.webhook(payloads.text("hello", sender=sender))
            posted[sender] = time.time()
            pool.submit(post, url, body)
    taken = graph.wait_for(before + count, seconds=45)[before:]
    return [sent.at - posted[sent.to] for sent in taken]


def post(url: str, body: bytes) -> None:
    headers = payloads.signed(body, secret="first-secret")
    request = Request(url, body, {**headers, "Content-Type": "application/json"})
    with urlopen(request, timeout=10) as answer:
        answer.read()


def wait_for(url: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(url)


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")


def backends_cpu_ms(database_url: str) -> float:
    """Return the processor time of the open connections of this database."""
    name = urlsplit(database_url).path.lstrip("/")
    total = 0.0
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            title = (path / "cmdline").read_bytes()
            if title.startswith(b"postgres:") and f" {name} ".encode() in title:
                total += cpu_ms(int(path.name))
    return total


def wal_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        return int(cursor.fetchone()[0])


def tell(figure: str, value: float, **others: Any) -> None:
    told = {"figure": figure, "value": round(value, 2), **others}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""What phone calls cost, and what they cost everything else.

    python -m tests.bench.calls [calls beside] [calls in one worker]

Web and workers are real processes; OpenAI's telephone is the local Realtime server, in a
thread of this process. One JSON line for each figure, with its comparison in the same run.
"""

from __future__ import annotations

# Django must be set up before our code is imported.
# ruff: noqa: E402
import logging
import os
import statistics
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.test import override_settings

from agents.models import Call
from agents.simulator.realtime_server.replies import FunctionCall, calls, says
from tests import databases, payloads
from tests.agents.calls.phone import calls as phone_of
from tests.agents.cast import make_cast
from tests.bench.phone_deployment import Running, deployment, until
from tests.bench.turns import cpu_ms, send, tell
from tests.vouchers.tampering import unguarded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agents.simulator.realtime_server.call import ServedCall

BESIDE, IN_ONE = 20, 50
POSTS, CHATS, TOOLS = 60, 40, 30
WATCHED_S, UTTERANCE_EVERY_S = 10.0, 3.0
LIST = FunctionCall("list_vouchers", "{}")


def main() -> None:
    beside, in_one = (*map(int, sys.argv[1:3]), *(BESIDE, IN_ONE)[len(sys.argv[1:3]) :])
    # Only figures go to standard output.
    logging.disable(logging.INFO)
    databases.start_server()
    template = databases.template()
    for measure, count in ((beside_others, beside), (in_one_worker, in_one)):
        with databases.clone(template, label="bench") as name, databases.using(name):
            with unguarded("profiles"):
                cast = make_cast()
            with deployment(databases.url()) as running:
                running.cast = cast
                measure(running, count)


def beside_others(running: Running, count: int) -> None:
    """Webhooks and chat without calls and beside them; then the worker is killed."""
    chat = running.url + payloads.URL
    # Warm: the first of each.
    running.ring(1)
    send(chat, running.graph, count=5, a_second=5)
    idle = webhooks(running)
    alone = chats(running, chat)
    served = running.ring(count)
    with talking(running, served):
        busy = webhooks(running)
        with_calls = chats(running, chat)
    report_webhook(idle, busy, count)
    report_accept(count)
    report_tools(running)
    tell(
        "chat turn beside calls, p95 ms",
        p95(with_calls),
        target_ratio=1.5,
        without_calls_ms=round(p95(alone), 1),
        reached=p95(with_calls) <= 1.5 * p95(alone),
        calls=count,
    )
    report_killed(running, served)


def in_one_worker(running: Running, count: int) -> None:
    """Many calls in one worker: memory, stalls, processor; and how fast they end."""
    pid = running.worker.pid
    # What is imported with the first call is no part of a call.
    for call in running.ring(1):
        running.realtime.do(call.leave)
    time.sleep(2)
    idle_mb, idle_cpu, began = rss_mb(pid), cpu_ms(pid), time.time()
    time.sleep(WATCHED_S / 2)
    idle_lag = longest_lag(running, began, time.time())
    idle_share = (cpu_ms(pid) - idle_cpu) / 1e3 / (time.time() - began)
    served = running.ring(count)
    with talking(running, served):
        time.sleep(UTTERANCE_EVERY_S)
        began, cpu = time.time(), cpu_ms(pid)
        time.sleep(WATCHED_S)
        ended = time.time()
        share = (cpu_ms(pid) - cpu) / 1e3 / (ended - began)
        each_mb = (rss_mb(pid) - idle_mb) / count
        lag = longest_lag(running, began, ended)
    tell(
        "memory of a call over idle, MB",
        each_mb,
        target=4,
        reached=each_mb <= 4,
        idle_mb=round(idle_mb),
        calls=count,
    )
    tell(
        "longest stall of the event loop with calls, ms",
        lag * 1e3,
        target=50,
        reached=lag < 0.05,
        idle_ms=round(idle_lag * 1e3, 1),
        calls=count,
    )
    tell(
        "processor share of a worker with calls",
        share,
        target=1.0,
        reached=share <= 1.0,
        idle=round(idle_share, 2),
        calls=count,
    )
    report_closed(running, served)


def webhooks(running: Running) -> list[float]:
    """Deliver calls that rang long ago: stored and answered, and not accepted."""
    took = []
    for _ in range(POSTS):
        call = running.realtime.ring("+250788111222")
        took.append(running.deliver(call, age_s=3_600))
        time.sleep(0.05)
    return took


def chats(running: Running, url: str) -> list[float]:
    took = send(url, running.graph, count=CHATS, a_second=5)
    return [seconds * 1e3 for seconds in took]


def report_webhook(idle: Sequence[float], busy: Sequence[float], count: int) -> None:
    tell(
        "webhook of a call beside calls, p95 ms",
        p95(busy),
        target_ratio=2,
        target=50,
        idle_ms=round(p95(idle), 1),
        reached=p95(busy) <= 2 * p95(idle) and p95(busy) < 50,
        calls=count,
    )


def report_accept(count: int) -> None:
    rows = Call.objects.exclude(accept_ms=None)
    pairs = list(rows.values_list("accept_ms", "accept_provider_ms"))
    ours = [whole - provider for whole, provider in pairs]
    tell(
        "accept, our share, p95 ms",
        p95(ours),
        target=150,
        reached=p95(ours) < 150,
        provider_ms=round(p95([provider for _, provider in pairs]), 1),
        calls=count,
    )


def report_tools(running: Running) -> None:
    """Compare results on the wire with the same tool call straight on the database."""
    wire = [
        (at - running.asked[call_id]) * 1e3
        for call_id, at in running.answered.items()
        if call_id in running.asked
    ]
    # One more call, in this process, beside those of the worker.
    with override_settings(VOICE_MAX_CALLS=200):
        phone = phone_of(running.cast.aline, pin_digits="")
    straight = []
    for _ in range(TOOLS):
        phone.next_turn()
        began = time.perf_counter()
        phone.asks("list_vouchers")
        straight.append((time.perf_counter() - began) * 1e3)
    target = p95(straight) * 1.2 + 50
    tell(
        "tool result on the wire, p95 ms",
        p95(wire),
        target=round(target, 1),
        reached=p95(wire) <= target,
        database_ms=round(p95(straight), 1),
        results=len(wire),
    )


def report_killed(running: Running, served: Sequence[ServedCall]) -> None:
    with running.make_worker():
        until(lambda: _workers() == 2, "the second worker")
        began = time.monotonic()
        running.worker.kill()
        until(lambda: all(call.attached == 2 for call in served), "re-attached", 60)
        took = time.monotonic() - began
        tell(
            "killed worker to re-attached, all calls, s",
            took,
            target=12,
            reached=took <= 12,
            calls=len(served),
        )
        for call in served:
            running.realtime.do(call.leave)


def report_closed(running: Running, served: Sequence[ServedCall]) -> None:
    left: dict[str, float] = {}
    for call in served:
        left[call.call_id] = time.time()
        running.realtime.do(call.leave)
        time.sleep(0.02)
    rows = Call.objects.filter(call_id__in=left)
    until(lambda: not rows.filter(ended_at=None).exists(), "closed")
    took = [
        ended_at.timestamp() - left[call_id]
        for call_id, ended_at in rows.values_list("call_id", "ended_at")
    ]
    tell(
        "socket closed to call closed, p95 s",
        p95(took),
        target=1,
        reached=p95(took) < 1,
        median_s=round(statistics.median(took), 3),
        calls=len(took),
    )


@contextmanager
def talking(running: Running, served: Sequence[ServedCall]) -> Iterator[None]:
    """Let each caller ask for their vouchers every few seconds."""
    over = threading.Event()

    def talk() -> None:
        while not over.is_set():
            for call in served:
                running.realtime.do(ask, call)
                if over.wait(UTTERANCE_EVERY_S / len(served)):
                    return

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def ask(call: ServedCall) -> None:
    if call.state == "accepted":
        call.script.clear()
        call.script.extend([calls(LIST), says("One moment please.")])
        call.say("which vouchers do I have")


def longest_lag(running: Running, since: float, until_: float) -> float:
    lines = [line.split() for line in running.lag.read_text().splitlines()]
    return max(
        (float(lag) for at, lag in lines if since < float(at) <= until_), default=0
    )


def rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def _workers() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - interval '12 seconds'"
        )
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()

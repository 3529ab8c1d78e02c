"""What a rate of messages needs, from measured costs: python scripts/scale.py [RATE …]

Prints the tables of docs/scale.md: the processes and the database for a rate, and by a
simulation how long work waits at a share of busy processors.
"""

from __future__ import annotations

import heapq
import math
import random
import sys
from dataclasses import dataclass

RATES = (20, 100, 300, 1_000)
# Measured, in milliseconds of one processor (docs/performance.md): a message with its
# turn and one call of the model, and one receipt of the webhook.
WORKER_MS = 24.0
RECEIPT_MS = 1.0
DATABASE_MS = 10.0
# A message brings itself and three statuses of its reply.
RECEIPTS = 4
WAL_BYTES = 17_000
# Kept in the first eight days, and after 90 days.
FRESH_BYTES, KEPT_BYTES = 4_650, 2_180
# The share of time that a processor may be busy.
BUSY = 0.6
# The most connections of a process, with DATABASE_THREADS=8 (README.md).
WORKER_CONNECTIONS, WEB_CONNECTIONS = 16, 12
DAY = 86_400
# The rate is the peak; the average of a day is a fifth of it.
PEAK = 5


@dataclass(frozen=True, slots=True)
class Need:
    """What a rate of messages needs at its peak."""

    workers: int
    webs: int
    database: int
    connections: int
    wal_mb_s: float
    disk_gb_day: float


def need(rate: float) -> Need:
    workers = _processors(rate * WORKER_MS)
    webs = _processors(rate * RECEIPTS * RECEIPT_MS)
    return Need(
        workers=workers,
        webs=webs,
        database=_processors(rate * DATABASE_MS),
        connections=workers * WORKER_CONNECTIONS + webs * WEB_CONNECTIONS,
        wal_mb_s=rate * WAL_BYTES / 1e6,
        disk_gb_day=rate / PEAK * DAY * FRESH_BYTES / 1e9,
    )


def _processors(milliseconds_a_second: float) -> int:
    return max(1, math.ceil(milliseconds_a_second / 1_000 / BUSY))


def waits(*, processors: int, busy: float, seed: int = 1) -> tuple[float, float]:
    """Simulate messages at random times; return the p50 and p99 wait in milliseconds.

    The work of a message varies like an exponential distribution around its mean.
    """
    draw = random.Random(seed)  # noqa: S311 - a simulation
    free = [0.0] * processors
    now, found = 0.0, []
    for _ in range(60_000):
        now += draw.expovariate(busy * processors / WORKER_MS)
        begins = max(now, heapq.heappop(free))
        heapq.heappush(free, begins + draw.expovariate(1 / WORKER_MS))
        found.append(begins - now)
    found.sort()
    return found[len(found) // 2], found[len(found) * 99 // 100]


def lines(rates: list[float]) -> list[str]:
    told = [
        "| messages a second | workers | web | database processors"
        " | connections | WAL, MB/s | disk, GB a day |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for rate in rates:
        one = need(rate)
        told.append(
            f"| {rate:,g} | {one.workers} | {one.webs} | {one.database}"
            f" | {one.connections} | {one.wal_mb_s:.1f} | {one.disk_gb_day:.1f} |"
        )
    told += ["", "| busy | 1 processor, p99 ms | 4, p99 ms | 40, p99 ms |"]
    told.append("| --- | --- | --- | --- |")
    for busy in (0.6, 0.8, 0.9, 0.95):
        p99 = [waits(processors=n, busy=busy)[1] for n in (1, 4, 40)]
        told.append(f"| {busy:.0%} | " + " | ".join(f"{ms:.0f}" for ms in p99) + " |")
    return told


if __name__ == "__main__":
    wanted = [float(text) for text in sys.argv[1:]] or list(RATES)
    print("\n".join(lines(wanted)))  # noqa: T201

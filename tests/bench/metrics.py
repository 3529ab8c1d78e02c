"""What a scrape of /metrics costs behind many turns (python -m tests.bench.metrics [N]).

With a hundred thousand and a million conversations, turns and tool calls: the first scrape
before anything was summed, the worker's summing, and the first scrape of a new process
after it. One JSON line per figure.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from django.db import connection, connections

from easymo.observability import metrics, tallies
from tests import databases
from tests.bench.vouchers import say
from tests.growth import seeding
from tests.vouchers.tampering import unguarded

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (100_000, 1_000_000)
GOAL_S = 2.0


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    databases.start_server()
    template = databases.template()
    for size in sizes:
        with databases.clone(template, label="scrape") as name, databases.using(name):
            seed(size)
            measure(size)


def seed(size: int) -> None:
    tables = ("conversation", "turn", "toolcall")
    names = (*(f"agents_{table}" for table in tables), "rollout_observation")
    with unguarded(*names), connection.cursor() as cursor:
        seeding.turns(seeding.Filling(cursor, size))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def measure(size: int) -> None:
    metrics.collectors()
    told("the first scrape, nothing summed", size, metrics.render)
    scrapes = 1
    while b'failed{collector="agents.operations.metrics._turns"} 1' in metrics.render():
        scrapes += 1
    say("scrapes without the figures of turns", value=scrapes, rows=size)
    told("the worker sums the rest", size, tallies.fold_all, goal_s=None)
    connections.close_all()
    told("the first scrape of a new process, all summed", size, metrics.render)


def told(
    figure: str, size: int, work: Callable[[], object], goal_s: float | None = GOAL_S
) -> None:
    started = time.perf_counter()
    work()
    seconds = round(time.perf_counter() - started, 2)
    goal = {} if goal_s is None else {"goal": goal_s, "reached": seconds <= goal_s}
    say(figure, value=seconds, unit="s", rows=size, **goal)


if __name__ == "__main__":
    main()

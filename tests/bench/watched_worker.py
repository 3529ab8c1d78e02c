"""A worker that writes down how long its event loop was blocked.

Each line of the file that `BENCH_LAG` names: the time, and the longest delay of a
sleep of a few milliseconds in the half second before. It has no quiet time.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import django
from django.core.management import execute_from_command_line

from tests.bench.quick_worker import remove_quiet_time

STEP_S = 0.005
WRITE_EVERY_S = 0.5


def main() -> None:
    django.setup()
    remove_quiet_time()
    from django.conf import settings

    settings.WORKER_LOOPS = (
        *settings.WORKER_LOOPS,
        "tests.bench.watched_worker.measure_forever",
    )
    execute_from_command_line([sys.argv[0], "procrastinate", "worker"])


async def measure_forever() -> None:
    loop, file = asyncio.get_running_loop(), Path(os.environ["BENCH_LAG"])
    longest, written_at = 0.0, loop.time()
    while True:
        before = loop.time()
        await asyncio.sleep(STEP_S)
        longest = max(longest, loop.time() - before - STEP_S)
        if loop.time() - written_at > WRITE_EVERY_S:
            with file.open("a") as output:  # noqa: ASYNC230 - a few bytes
                output.write(f"{time.time()} {longest}\n")
            longest, written_at = 0.0, loop.time()


if __name__ == "__main__":
    main()

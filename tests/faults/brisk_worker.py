"""A worker with short waits, where no guard depends on their length.

Quiet time, the bounds of a turn, leases, and how long a lost answer waits for its
status; the sweep keeps its ten seconds.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import timedelta

import django
from django.core.management import execute_from_command_line

COMMAND = ("-m", "tests.faults.brisk_worker")


def main() -> None:
    django.setup()
    # After the set-up: these modules read the settings.
    from agents.llm.loop import LoopLimits
    from agents.outbound import next_to_send, sending
    from agents.turns import run
    from agents.whatsapp import graph_client

    usual = run.default_dependencies
    seconds = float(os.environ.get("EASYMO_TEST_TURN_SECONDS", "8"))

    def brisk() -> run.TurnDependencies:
        given = usual()
        timing = replace(
            given.timing,
            quiet_after_text=0.5,
            quiet_after_media=0.5,
            lease=4.0,
            renew=0.5,
            attempts=20,
        )
        limits = LoopLimits(seconds=seconds, call_seconds=seconds - 1)
        return replace(given, timing=timing, limits=limits)

    run.default_dependencies = brisk
    graph_client.LONGEST_EXCHANGE_S = 2.0
    next_to_send.LEASE = timedelta(seconds=4)
    next_to_send.CRASH_WAIT = timedelta(seconds=8)
    sending.STATUS_WAIT = timedelta(seconds=8)
    execute_from_command_line([sys.argv[0], "procrastinate", "worker"])


if __name__ == "__main__":
    main()

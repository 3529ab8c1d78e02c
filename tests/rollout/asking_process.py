"""A process that asks the switches: `python -m tests.rollout.asker`.

Each line on standard input is a value to wait for, `on` or `off`; the answer is the
moment at which it was seen, in nanoseconds of the machine's monotonic clock.
"""

from __future__ import annotations

import sys
import time

import django


def main() -> None:
    django.setup()
    from rollout.core.features import Feature
    from rollout.flags import exposure
    from rollout.snapshot import refreshers

    # On a busy machine the poller may take long to write its row for the last time.
    refreshers.UNREGISTER_WAIT_S = 60.0
    exposure.is_on(Feature.CHAT, "a subject")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        wanted = line.strip() == "on"
        while exposure.is_on(Feature.CHAT, "a subject") is not wanted:
            time.sleep(0.0005)
        sys.stdout.write(f"{time.monotonic_ns()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

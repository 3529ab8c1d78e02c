"""Run the benchmarks one after the other, each in a bounded time.

python -m tests.bench [NAME …]

Each is a process of its own and prints one JSON line per figure on standard output;
everything else goes to standard error. One that fails or takes too long is named, the
others run, and the exit code says so.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

# What each needs besides PostgreSQL (the embedded one, unless DATABASE_URL names
# another), and the seconds that it may take.
BENCHES = {
    # pywa, FastAPI and uvicorn (requirements/bench.txt), and pgbench
    "webhook": 240,
    # web and worker processes; OpenAI and the Graph API are fakes
    "turns": 300,
    # pgbench, and room for a million vouchers
    "vouchers": 600,
    # eight processes
    "rollout": 600,
    # nothing
    "judge": 120,
    # room for ten million observations
    "figures": 900,
    # a web process, and pgbench
    "api": 300,
    # web and worker processes; the local Realtime server
    "calls": 300,
    # pgbench
    "one_token": 120,
    # room for a million messages
    "metrics": 900,
    # a worker
    "flood": 300,
    "forward": 300,
    # room for a million rows of each table, 6 GB: by name only
    "growth": 1_800,
    # a worker for half an hour: by name only
    "soak": 2_400,
}
ON_REQUEST = {"soak", "growth"}


def main() -> int:
    names = sys.argv[1:] or [name for name in BENCHES if name not in ON_REQUEST]
    if strange := [name for name in names if name not in BENCHES]:
        say(f"No such benchmark: {', '.join(strange)}. There are {', '.join(BENCHES)}.")
        return 2
    failed = [name for name in names if not run(name)]
    if failed:
        say(f"Without a result: {', '.join(failed)}.")
    return 1 if failed else 0


def run(name: str) -> bool:
    say(f"{name} …")
    started_at = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{name}"], start_new_session=True
    )
    try:
        code = process.wait(BENCHES[name])
    except subprocess.TimeoutExpired:
        say(f"{name}: stopped after {BENCHES[name]} seconds.")
        end(process)
        return False
    except KeyboardInterrupt:
        end(process)
        raise
    say(f"{name}: {time.monotonic() - started_at:.0f} s")
    return code == 0


def end(process: subprocess.Popen[bytes]) -> None:
    """End the benchmark with all that it started."""
    for told_by in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, told_by)
            process.wait(15)


def say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Child processes of the supervisor, and leftovers of an earlier one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from easymo.paths import BASE_DIR

LONGEST_PAUSE = 10.0
STEADY_SECONDS = 60
LEFTOVER_SECONDS = 6


class Mark(TypedDict):
    """Identifies a process, also when its number is used again."""

    pid: int
    seen: str


class Child:
    """One program in a process group of its own; it ends with the supervisor."""

    def __init__(self, name: str, program: list[str]) -> None:
        self.name = name
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.pause = 0.5

    def start(self) -> None:
        """Start it. Ctrl-C reaches only the supervisor, which passes it on."""
        tether = str(Path(__file__).with_name("tether.py"))
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, tether, str(os.getpid()), *self.program],
            cwd=BASE_DIR,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def has_ended(self) -> bool:
        """Tell whether it is not running."""
        return self.process is None or self.process.poll() is not None

    def next_pause(self) -> float:
        """Return the pause before a restart; it grows with each failure in a row."""
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self.pause = 0.5
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return self.pause

    def terminate(self) -> None:
        """Ask it to stop; it stops its own children."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """Kill it and everything that it started."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def mark(self) -> Mark:
        """Return what identifies it later."""
        pid = self.process.pid if self.process else 0
        return {"pid": pid, "seen": _seen(pid)}


def end_leftovers(file: Path) -> None:
    """End the processes that a killed supervisor left running."""
    try:
        marks: list[Mark] = json.loads(file.read_text())
    except (OSError, ValueError):
        return
    left = [mark["pid"] for mark in marks if _is_alive(mark)]
    for how, seconds in ((signal.SIGTERM, LEFTOVER_SECONDS), (signal.SIGKILL, 2)):
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, how)
        deadline = time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            left = [pid for pid in left if _has_group(pid)]
            time.sleep(0.05)
    file.unlink(missing_ok=True)


def _is_alive(mark: Mark) -> bool:
    return bool(mark["seen"]) and _seen(mark["pid"]) == mark["seen"]


def _has_group(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return True


def _seen(pid: int) -> str:
    """Return the start time of a process as the system reports it."""
    try:
        # The twentieth field after the name, which may contain anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    try:
        said = subprocess.run(  # noqa: S603
            ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607
            check=False,
            capture_output=True,
            text=True,
        )
    except OSError:
        return ""
    return said.stdout.strip()

"""Processes that the supervisor starts, and those that an earlier one left."""

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
    """What tells a process from a later one of the same number."""

    pid: int
    seen: str


class Child:
    """One program, in a process group of its own, that ends with us."""

    def __init__(self, name: str, program: list[str]) -> None:
        self.name = name
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.pause = 0.5

    def start(self) -> None:
        """Start it; Ctrl-C on the terminal reaches us only, and we pass it on."""
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
        """Return how long to wait before a new start: longer each time in a row."""
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self.pause = 0.5
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return self.pause

    def terminate(self) -> None:
        """Ask it to stop; it tells its own children."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """End it and whatever it started."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def mark(self) -> Mark:
        """Return how to know it again."""
        pid = self.process.pid if self.process else 0
        return {"pid": pid, "seen": _seen(pid)}


def end_leftovers(file: Path) -> None:
    """End what an earlier supervisor, itself killed, could not stop."""
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
    """Return when a process was started, in the system's own words."""
    try:
        # After the name, which may hold anything, the twentieth field.
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

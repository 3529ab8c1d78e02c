"""The logs of ``make run``: a file under ``var/``, and errors on the terminal.

Where standard output is no terminal, all lines go there too: a pipe wants them. With
``LOG=1`` a terminal shows all of them.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import IO, TYPE_CHECKING

from easymo.paths import VAR

if TYPE_CHECKING:
    from pathlib import Path

FILE = VAR / "easymo.log"
# With the file before it, at most twice as much is kept.
LARGEST = 10_000_000
SHOWN = frozenset({"error", "critical"})


def shows_all() -> bool:
    """Tell whether standard output gets every line."""
    return os.environ.get("LOG", "") == "1" or not sys.stdout.isatty()


class RunLog:
    """Takes the lines of all processes, one at a time."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._output = _open(file)
        self._shows_all = shows_all()

    def follow(self, stream: IO[bytes]) -> None:
        """Copy what a process writes until it ends, in a thread."""
        threading.Thread(target=self._copy, args=[stream], daemon=True).start()

    def close(self) -> None:
        with self._lock:
            self._output.close()

    def _copy(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                with self._lock:
                    self._write(line)

    def _write(self, line: bytes) -> None:
        try:
            if self._output.tell() + len(line) > LARGEST:
                self._output.close()
                self._file.replace(self._file.with_suffix(".log.1"))
                self._output = _open(self._file)
            self._output.write(line)
            self._output.flush()
            if self._shows_all or is_shown(line):
                sys.stdout.buffer.write(line)
                sys.stdout.flush()
        except (OSError, ValueError):
            # A full disk or a closed terminal stops no process.
            return


def is_shown(line: bytes) -> bool:
    """Tell whether a terminal shows the line: errors, and what is no log line."""
    if not line.strip():
        return False
    try:
        found = json.loads(line)
    except ValueError:
        return True
    return not isinstance(found, dict) or found.get("level") in SHOWN


def _open(file: Path) -> IO[bytes]:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(handle, "ab")

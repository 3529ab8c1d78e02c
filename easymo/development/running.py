"""The lock of ``make run``: which process runs from this folder, and on which port."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from easymo.paths import VAR

if TYPE_CHECKING:
    from pathlib import Path

LOCK = VAR / "run.lock"
_LINE = re.compile(r"process (\d+), port (\d+)")


def line(port: int) -> str:
    """Return the line that this process writes into the lock."""
    return f"process {os.getpid()}, port {port}\n"


def is_running(holder: str) -> bool:
    """Tell whether the process that wrote this line still runs."""
    found = _LINE.match(holder)
    try:
        os.kill(int(found[1]) if found else 0, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def port(lock: Path | None = None) -> int | None:
    """Return the port of the product that runs from this folder, if one does."""
    try:
        holder = (lock or LOCK).read_text()
    except OSError:
        return None
    found = _LINE.match(holder)
    return int(found[2]) if found and is_running(holder) else None

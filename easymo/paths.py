"""Folders of this checkout. Nothing is created here."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[1]
VAR = BASE_DIR / "var"


def socket_folder(home: Path) -> Path:
    """Return the folder of a development server's socket.

    Some systems limit a socket's path to 103 bytes, and a checkout may lie deep or have
    a space in its name. So the folder is outside, with a short name made from a hash.
    """
    whose = f"{os.geteuid()}:{home}".encode()
    name = "easymo-" + hashlib.sha256(whose).hexdigest()[:12]
    shared = Path("/tmp")  # noqa: S108 -- owner and mode are checked before use
    return (shared if shared.is_dir() else Path(tempfile.gettempdir())) / name

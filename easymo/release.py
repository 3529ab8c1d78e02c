"""The release of this build: its version and a fingerprint of all deployed files.

`make check` records at its end for which fingerprint it passed.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from easymo.paths import BASE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDERS = ("agents", "easymo", "locale", "rollout", "templates", "vouchers")
FILES = ("manage.py", "Procfile", "pyproject.toml", "requirements/main.txt")
SHOWN = 12
# The parts of `make check`, named as in the guide.
PARTS = ("lint", "types", "build", "tests")


@dataclass(frozen=True, slots=True)
class Record:
    """What `make check` recorded."""

    fingerprint: str
    at: datetime
    passed: tuple[str, ...]


def current() -> str:
    """Return the release of this process: `RELEASE` if set, else version and
    fingerprint.
    """
    named: str = settings.RELEASE
    return named[:80] or f"{_version()}+{fingerprint()[:SHOWN]}"


@cache
def fingerprint() -> str:
    """Return a digest of the deployed files; read once per process."""
    return fingerprint_of(BASE_DIR)


def fingerprint_of(root: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(_deployed(root)):
        name = path.relative_to(root).as_posix()
        whole.update(f"{name}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def write_record(path: Path, *, passed: tuple[str, ...]) -> None:
    """Record that the checks passed for the files as they are now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "fingerprint": fingerprint_of(BASE_DIR),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "passed": list(passed),
    }
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")


def read_record(path: Path) -> Record | None:
    """Return the record; None when there is none or it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Record(
            fingerprint=str(content["fingerprint"]),
            at=datetime.fromisoformat(content["at"]),
            passed=tuple(str(part) for part in content["passed"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _deployed(root: Path) -> Iterator[Path]:
    yield from (root / name for name in FILES if (root / name).is_file())
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if "__pycache__" not in path.parts and path.is_file():
                yield path


def _version() -> str:
    try:
        text = (BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return "0"
    found = re.search(r'^version = "([^"]{1,40})"', text, re.MULTILINE)
    return found[1] if found else "0"

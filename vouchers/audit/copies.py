"""Copies of checkpoints outside of the database: the log, a directory, e-mail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vouchers.models import Checkpoint

logger = get_logger(__name__)

# The files that each verification reads: of the last days.
FILES = 40
PATTERN = "checkpoints-*.jsonl"


@dataclass(frozen=True, slots=True)
class Copy:
    """A checkpoint as it was written outside, and where."""

    document: str
    signatures: dict[str, str]
    place: str


def text_of(checkpoint: Checkpoint) -> str:
    """Return a copy as one line."""
    return json.dumps(
        {"document": checkpoint.document, "signatures": checkpoint.signatures}
    )


def publish(checkpoint: Checkpoint) -> None:
    """Log the checkpoint and write it to the directory, if one is set.

    The checkpoint is in the database already: an unreachable directory is an error in
    the log, and the next verification finds nothing missing.
    """
    document = json.loads(checkpoint.document)
    logger.info(
        "voucher.checkpoint",
        number=checkpoint.number,
        vouchers=document["vouchers"],
        root=document["root"],
        sha256=bytes(checkpoint.hash).hex(),
    )
    if not settings.AUDIT_CHECKPOINT_DIR:
        return
    path = Path(settings.AUDIT_CHECKPOINT_DIR)
    try:
        path.mkdir(parents=True, exist_ok=True)
        name = path / f"checkpoints-{checkpoint.created_at:%Y-%m-%d}.jsonl"
        with name.open("a", encoding="utf-8") as file:
            file.write(text_of(checkpoint) + "\n")
    except OSError as error:
        logger.exception("voucher.checkpoint.copy", error=type(error).__name__)


def read(notes: set[str]) -> Iterator[Copy]:
    """Yield the copies in the directory, the newest days only."""
    if not settings.AUDIT_CHECKPOINT_DIR:
        return
    try:
        names = sorted(Path(settings.AUDIT_CHECKPOINT_DIR).glob(PATTERN))[-FILES:]
        for name in names:
            yield from read_file(name, notes)
    except OSError:
        notes.add("AUDIT_CHECKPOINT_DIR cannot be read.")


def read_file(path: Path, notes: set[str]) -> Iterator[Copy]:
    """Yield the copies in one file."""
    with path.open(encoding="utf-8") as file:
        yield from _read(file, path.name, notes)


def _read(lines: Iterable[str], place: str, notes: set[str]) -> Iterator[Copy]:
    for line in lines:
        try:
            found = json.loads(line)
            yield Copy(str(found["document"]), dict(found["signatures"]), place)
        except (ValueError, KeyError, TypeError):
            # For example the end of a line that a full disk cut off.
            notes.add(f"{place}: a line cannot be read.")

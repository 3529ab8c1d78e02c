"""Check everything that leaves the process after masking.

Each output passes here after its own masking. What still looks personal is masked and
queued for `findings`, which decides whether it belongs to a known person. Nothing here
waits, raises, logs or uses the database.
"""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from easymo.observability import candidates

LOG, STDOUT, STDERR = "log", "stdout", "stderr"
SENTRY, SPAN, METRIC, TIMELINE = "sentry", "span", "metric", "timeline"
SINKS = (LOG, STDOUT, STDERR, SENTRY, SPAN, METRIC, TIMELINE)
# When the queue is full, findings are dropped; masking still happens.
MOST_WAITING = 1_000
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class QueuedFinding:
    """One finding for the writer; the value goes no further."""

    kind: str
    sink: str
    value: str
    is_strong: bool
    correlation_id: UUID | None


# Put and get of this queue may interrupt each other in one thread without harm.
waiting: queue.SimpleQueue[QueuedFinding] = queue.SimpleQueue()
# Not locked: two threads may count one line too few, never one too many.
scanned: dict[str, int] = dict.fromkeys(SINKS, 0)


def guard(text: str, sink: str) -> str:
    """Return the text as it may leave; count it and queue its findings."""
    scanned[sink] += 1
    return _clean(text, sink)


def guard_tree(value: Any, sink: str) -> Any:
    """Check every text of a structure, which counts as one line."""
    scanned[sink] += 1
    return _clean_tree(value, sink, 0)


def taken(sink: str) -> int:
    """Return the counts since the last call and reset them."""
    count = scanned[sink]
    scanned[sink] -= count
    return count


def _clean(text: str, sink: str) -> str:
    try:
        found = candidates.find(text)
        if not found:
            return text
        for each in found:
            _note(each, sink)
        return candidates.masked(text, found)
    except Exception:  # noqa: BLE001 - what cannot be looked at does not leave
        return "[cannot be shown]"


def _clean_tree(value: Any, sink: str, depth: int) -> Any:
    if isinstance(value, str):
        return _clean(value, sink)
    if depth < DEEPEST:
        if isinstance(value, dict):
            return {
                _clean_tree(key, sink, depth): _clean_tree(item, sink, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return type(value)([_clean_tree(item, sink, depth + 1) for item in value])
    return value


def _note(candidate: candidates.Candidate, sink: str) -> None:
    if waiting.qsize() < MOST_WAITING:
        waiting.put(
            QueuedFinding(
                candidate.kind,
                sink,
                candidate.value,
                candidate.is_strong,
                _correlation_id(),
            )
        )


def _correlation_id() -> UUID | None:
    known = structlog.contextvars.get_contextvars().get("correlation_id")
    try:
        return UUID(str(known)) if known else None
    except ValueError:
        return None

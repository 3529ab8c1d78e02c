"""Store the log lines of a correlation id for the simulator.

Smoke tests and probes read theirs too: the mark in their correlation id keeps the lines
where there is no simulator. A line goes into a bounded queue and is dropped when it is
full. A thread writes batches over its own connection, never in the caller's
transaction.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from easymo import keys
from easymo.observability.logs import rendered

if TYPE_CHECKING:
    from easymo.observability.models import LogLine

# The mark of correlation ids whose lines are always stored.
MARK = "kept-lines"
MOST_WAITING = 10_000
BATCH = 500
PAUSE_S = 0.1
KEPT = timedelta(days=1)
PURGE_EVERY_S = 3600.0
MOST_PURGED = 10_000
_OWN_FIELDS = ("timestamp", "level", "event", "correlation_id")


class KeptLines(logging.Handler):
    """Pass scrubbed lines with a correlation id to this process's writer."""

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line without waiting; never raise."""
        if threading.current_thread().name == _WRITER:
            return
        line = rendered(record)
        cause = line["correlation_id"]
        if cause and (settings.LOG_LINES_KEPT or keys.is_marked(MARK, str(cause))):
            _writer().put(line)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Stay silent: the default prints the record's arguments unmasked."""


class _Writer:
    def __init__(self) -> None:
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue(MOST_WAITING)
        self._purged_at = 0.0
        threading.Thread(target=self._run, name=_WRITER, daemon=True).start()

    def put(self, line: dict[str, Any]) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            return

    def wait_until_empty(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self._lines.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)
        return not self._lines.unfinished_tasks

    def _run(self) -> None:
        while True:
            batch = [self._lines.get()]
            time.sleep(PAUSE_S)
            while len(batch) < BATCH and not self._lines.empty():
                batch.append(self._lines.get_nowait())
            try:
                self._write(batch)
            except Exception:  # noqa: BLE001, S110 - lines are dropped, never fatal
                pass
            finally:
                connection.close()
                for _ in batch:
                    self._lines.task_done()

    def _write(self, batch: list[dict[str, Any]]) -> None:
        model: type[LogLine] = apps.get_model("observability", "LogLine")
        model.objects.bulk_create([_row(model, line) for line in batch])
        if time.monotonic() - self._purged_at > PURGE_EVERY_S or not self._purged_at:
            self._purged_at = time.monotonic()
            purge()


def purge() -> int:
    """Delete lines older than a day; return how many."""
    model: type[LogLine] = apps.get_model("observability", "LogLine")
    due = model.objects.filter(at__lt=timezone.now() - KEPT).values("pk")
    total = 0
    # In batches: no statement may exceed the statement time-out.
    while count := model.objects.filter(pk__in=due[:MOST_PURGED]).delete()[0]:
        total += count
    return total


def flush(seconds: float = 2.0) -> bool:
    """Wait until this process's lines are written; return whether they are."""
    writer = _writers.get(os.getpid())
    return writer is None or writer.wait_until_empty(seconds)


def _row(model: type[LogLine], line: dict[str, Any]) -> LogLine:
    return model(
        correlation_id=_uuid(line["correlation_id"]),
        at=parse_datetime(line["timestamp"]) or timezone.now(),
        level=line["level"],
        event=line["event"][:200],
        fields={key: value for key, value in line.items() if key not in _OWN_FIELDS},
    )


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _writer() -> _Writer:
    """Return this process's writer; after a fork there is none yet."""
    pid = os.getpid()
    with _starting:
        if pid not in _writers:
            _writers[pid] = _Writer()
        return _writers[pid]


_WRITER = "log-lines"
_starting = threading.Lock()
_writers: dict[int, _Writer] = {}
os.register_at_fork(after_in_child=lambda: globals().update(_starting=threading.Lock()))

"""Pre-flight lines about logs: no personal data, and a monitoring service."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings

from easymo.observability.logs import StandardOutput, get_logger
from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    warning,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = get_logger(__name__)

# Values invented for this test; none may appear unmasked in the output.
CANARIES = {
    "number": "+250788999321",
    "national number": "0788 999 321",
    "e-mail address": "canary.preflight@example.rw",
    "message id": "wamid.HBgMMjUwNzg4OTk5MzIxFQIAEhgUM0E1RjdDOUQxQjJFNEY2QThDMEQA",
    "token": "EAAGpreflightcanaryq0w9e8r7t6y5",
    "voucher code": "5821 0934 7716 2047",
    "name": "Preflight Canarinha",
}
EVENT = "preflight.canary"


@line("logs.masked", "Nothing personal leaves in a log", Section.SITE)
def logs_are_masked(circumstances: Circumstances) -> LineResult:
    """Log invented personal data through the real handlers and read the output."""
    mark = uuid4().hex
    with _recorded_streams() as heard:
        _emit(mark)
    lines = [one for text in heard for one in text.getvalue().splitlines()]
    written = "\n".join(one for one in lines if mark in one or EVENT in one)
    if EVENT not in written:
        return failed(
            "The test line did not come out at all.",
            "See that standard output is open, and LOG_LEVEL at WARNING or below.",
            "LOG_LEVEL",
        )
    everything = "\n".join(lines)
    if leaked := [kind for kind, text in CANARIES.items() if text in everything]:
        return failed(
            f"This came out as it was: {', '.join(leaked)}.",
            "A handler bypasses the scrubbing: see LOGGING and whatever adds handlers.",
            "LOGGING",
        )
    return ok(f"{len(CANARIES)} kinds of personal data went in, none came out.")


def _emit(mark: str) -> None:
    values = list(CANARIES.values())
    try:
        raise ValueError(f"Could not reach {values[0]} ({values[2]}) with {values[4]}")
    except ValueError:
        logger.warning(
            EVENT,
            mark=mark,
            said=f"{values[1]} wrote {values[3]}, code {values[5]}",
            name=values[6],
            exc_info=True,
        )
    # A library that does not use our logging.
    logging.getLogger("preflight.canary.library").warning(
        "preflight.canary %s %s says %s", mark, values[0], values[2]
    )


class _RecordingStream(io.TextIOBase):
    """A stream that passes everything on and keeps a copy."""

    def __init__(self, real: object) -> None:
        self.real = real
        self.text = io.StringIO()
        # Our own lines bypass the guarded stream, but not this one.
        self.unguarded = self

    def write(self, text: str) -> int:
        self.text.write(text)
        # Never the test value itself, masked or not: it would look personal.
        if EVENT not in text:
            with contextlib.suppress(Exception):
                self.real.write(text)  # type: ignore[attr-defined]
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(Exception):
            self.real.flush()  # type: ignore[attr-defined]

    def getvalue(self) -> str:
        return self.text.getvalue()

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def _recorded_streams() -> Iterator[list[_RecordingStream]]:
    """Temporarily wrap every stream that a handler writes to."""
    ears: list[_RecordingStream] = []
    swapped: list[tuple[logging.StreamHandler[_RecordingStream], object]] = []
    with _one_at_a_time:
        out, err = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _RecordingStream(out), _RecordingStream(err)
        ears += [sys.stdout, sys.stderr]
        try:
            for handler in _stream_handlers():
                ear = _RecordingStream(handler.stream)
                swapped.append((handler, handler.setStream(ear)))
                ears.append(ear)
            yield ears
        finally:
            for handler, stream in swapped:
                handler.setStream(stream)  # type: ignore[arg-type]
            sys.stdout, sys.stderr = out, err


def _stream_handlers() -> list[logging.StreamHandler[_RecordingStream]]:
    known = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
    handlers = {
        id(handler): handler
        for one in known
        if isinstance(one, logging.Logger)
        for handler in one.handlers
        if isinstance(handler, logging.StreamHandler)
        and not isinstance(handler, StandardOutput)
        and not _keeps_everything(handler)
    }
    return list(handlers.values())


def _keeps_everything(handler: logging.StreamHandler[Any]) -> bool:
    """Tell whether a handler writes nothing out: only to memory, or nowhere."""
    if isinstance(handler, logging.FileHandler):
        # A closed handler has no stream and opens none.
        return handler.baseFilename == os.devnull
    stream = handler.stream
    return isinstance(stream, io.StringIO) or (
        getattr(stream, "name", None) == os.devnull
    )


@line(
    "monitoring.endpoints",
    "Monitoring is configured",
    Section.ENVIRONMENT,
    place=4,
    is_for_sites=True,
)
def monitoring_is_configured(circumstances: Circumstances) -> LineResult:
    named = {
        "SENTRY_DSN": bool(settings.SENTRY_DSN),
        "METRICS_TOKEN": bool(settings.METRICS_TOKEN),
        "OTEL_EXPORTER_OTLP_ENDPOINT": bool(
            settings.ENABLE_OTEL_TRACING and settings.OTEL_EXPORTER_OTLP_ENDPOINT
        ),
    }
    if settings.ENABLE_OTEL_TRACING and not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return warning(
            "ENABLE_OTEL_TRACING is on, and there is no endpoint to send traces to.",
            "Set the endpoint, or turn tracing off.",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        )
    present = [name for name, is_there in named.items() if is_there]
    if not named["METRICS_TOKEN"]:
        hint = f" (there is {' and '.join(present)})" if present else ""
        return warning(
            f"METRICS_TOKEN is not set{hint}: nothing can read the figures, so that "
            "no alert is sent when the evaluator stops.",
            "Set METRICS_TOKEN, scrape /metrics with it, and load deploy/alerts.yml.",
            "METRICS_TOKEN",
        )
    return ok(f"Set: {', '.join(present)}.")

"""Log one JSON object per line on standard output, scrubbed at the last step.

All logging passes here: structlog, the standard library, warnings, and uncaught
exceptions. A record is rendered once. Rendering converts its values and scrubs them, so
no handler sees anything else.
"""

from __future__ import annotations

import json
import logging
import logging.config
import sys
import threading
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import structlog

from easymo.observability import leaks
from easymo.observability.fields import Plain, plain, scrub_text, scrubbed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

LONGEST_LINE = 64_000
_RENDERED = "_easymo_line"
# Attributes of every record; all others are fields added by the caller.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "request",
    "fields",
    _RENDERED,
}
# The ways to start Django's command line; the last is `python -m django`.
_COMMANDS = ("/manage.py", "/django-admin", "/django/__main__.py")
# Commands that are processes; all others print results for people.
_PROCESSES = frozenset({"procrastinate", "runserver"})
# These loggers report every attempt while the database is away. A command that prints
# results says it in one sentence at its end.
_COMPLAINING = ("psycopg.pool", "rollout.snapshot.refreshers")


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module: ``logger.info("voucher.redeemed", voucher_id=7)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def configure(config: Mapping[str, Any]) -> None:
    """Configure logging; Django calls this with ``settings.LOGGING``."""
    logging.config.dictConfig(dict(config))
    if _prints_results():
        for name in _COMPLAINING:
            logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash
    sys.unraisablehook = _log_unraisable
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, _to_standard_library],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def rendered(record: logging.LogRecord) -> dict[str, Plain]:
    """Return the scrubbed line of a record; rendered once for all handlers."""
    line: dict[str, Plain] | None = record.__dict__.get(_RENDERED)
    if line is None:
        try:
            line = _render(record)
        except Exception as error:  # noqa: BLE001 - logging must never break its caller
            line = _base(record, "log.unreadable") | {"error": type(error).__name__}
        record.__dict__[_RENDERED] = line
    return line


class JsonLines(logging.Formatter):
    """Render a record as one line of ASCII JSON, so no line break or escape survives."""

    def format(self, record: logging.LogRecord) -> str:
        line = rendered(record)
        text = json.dumps(line, ensure_ascii=True, separators=(", ", ": "))
        if len(text) > LONGEST_LINE:
            short = {key: line[key] for key in list(line)[:5]}
            text = json.dumps(short | {"cut": len(text)}, ensure_ascii=True)
        return leaks.guard(text, leaks.LOG)


class StandardOutput(logging.StreamHandler[IO[str]]):
    """Write to the current ``sys.stdout``; ignore a stream that fails."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> IO[str]:
        """The current stream; commands log to standard error to keep their output
        clean.
        """
        stream = sys.stderr if _prints_results() else sys.stdout
        # Our own lines were checked already.
        return getattr(stream, "unguarded", stream)

    @stream.setter
    def stream(self, value: IO[str]) -> None:
        raise AttributeError("The stream follows sys.stdout.")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Stay silent: the default prints the record's arguments unmasked."""


def _prints_results() -> bool:
    program, arguments = f"/{sys.argv[0] if sys.argv else ''}", sys.argv[1:2]
    return program.endswith(_COMMANDS) and not _PROCESSES.intersection(arguments)


def _to_standard_library(
    _: Any, __: str, event: Any
) -> tuple[tuple[str], dict[str, Any]]:
    name = str(event.pop("event", ""))
    known = {
        key: event.pop(key)
        for key in ("exc_info", "stack_info", "stacklevel")
        if key in event
    }
    return (name,), {**known, "extra": {"fields": dict(event)}}


def _base(record: logging.LogRecord, event: str) -> dict[str, Plain]:
    at = datetime.fromtimestamp(record.created, tz=UTC)
    return {
        "timestamp": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "event": event,
        "correlation_id": None,
        "logger": scrub_text(str(record.name)),
    }


def _render(record: logging.LogRecord) -> dict[str, Plain]:
    line = _base(record, scrub_text(_message(record)))
    fields = structlog.contextvars.get_contextvars() | _fields(record)
    correlation_id = fields.pop("correlation_id", None)
    line["correlation_id"] = (
        None if correlation_id is None else scrub_text(str(correlation_id))
    )
    if record.exc_info and record.exc_info[1] is not None:
        fields["exception"] = record.exc_info[1]
    if record.stack_info:
        fields["stack"] = record.stack_info.splitlines()
    clean = scrubbed(plain(fields))
    for key, value in clean.items() if isinstance(clean, dict) else ():
        line[f"{key}_" if key in line else key] = value
    return line


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {key: value for key, value in vars(record).items() if key not in _OWN}
    return fields | getattr(record, "fields", {})


def _message(record: logging.LogRecord) -> str:
    try:
        return _without_path(record) or record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit, a broken __str__
        return record.msg if isinstance(record.msg, str) else "log.unreadable"


def _without_path(record: logging.LogRecord) -> str:
    """Use the route instead of the caller's path, which may contain anything."""
    path, args = getattr(getattr(record, "request", None), "path", None), record.args
    if not isinstance(path, str) or not isinstance(args, tuple):
        return ""
    # As Django writes it.
    escaped = path.encode("unicode_escape").decode("ascii")
    match = getattr(record.__dict__["request"], "resolver_match", None)
    ours = f"/{match.route}" if match else "unknown address"
    told = tuple(ours if arg in {path, escaped} else arg for arg in args)
    return str(record.msg) % told


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("easymo.crash").critical(
        "process.crashed", exc_info=(kind, error, trace)
    )


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None and not isinstance(crash.exc_value, SystemExit):
        logging.getLogger("easymo.crash").critical(
            "thread.crashed",
            exc_info=(crash.exc_type, crash.exc_value, crash.exc_traceback),
        )


def _log_unraisable(crash: sys.UnraisableHookArgs) -> None:
    error = crash.exc_value or RuntimeError("unknown")
    logging.getLogger("easymo.crash").error(
        "exception.unraisable", exc_info=(type(error), error, crash.exc_traceback)
    )

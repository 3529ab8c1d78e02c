"""Describe an exception for a log without the data that its message quotes.

Many libraries quote rows, bodies and addresses in messages. For those, only useful
facts are kept: a state, a status, a constraint.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_FRAMES = 30
MOST_CAUSES = 5
_ROOT = str(Path(__file__).resolve().parents[2]) + "/"


def describe(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """Return type, safe message, frames (without source and locals) and cause."""
    told: dict[str, Any] = {
        "type": _type_name(error),
        "message": message_of(error),
        "frames": _frames(error),
    }
    cause = error.__cause__ or (
        None if error.__suppress_context__ else error.__context__
    )
    if cause is not None and depth < MOST_CAUSES:
        told["cause"] = describe(cause, depth + 1)
    if isinstance(error, BaseExceptionGroup) and depth < MOST_CAUSES:
        told["among"] = [describe(one, depth + 1) for one in error.exceptions[:10]]
    return told


def message_of(error: BaseException) -> str:
    """Return the message; for libraries that quote personal data, only its facts."""
    for kind in type(error).__mro__:
        teller = _TELLERS.get(kind.__module__.partition(".")[0] + "." + kind.__name__)
        if teller is not None:
            return teller(error)
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ must not break the log
        return "[cannot be shown]"


def _type_name(error: BaseException) -> str:
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def _frames(error: BaseException) -> list[str]:
    frames = [
        f"{_short(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    if len(frames) <= MOST_FRAMES:
        return frames
    half = MOST_FRAMES // 2
    return [*frames[:half], "…", *frames[-half:]]


def _short(path: str) -> str:
    _, found, inside = path.rpartition("/site-packages/")
    return inside if found else path.removeprefix(_ROOT)


def _facts(*names: str) -> Callable[[BaseException], str]:
    def tell(error: BaseException) -> str:
        found = [(name, getattr(error, name, None)) for name in names]
        return " ".join(
            f"{name}={value}"
            for name, value in found
            if isinstance(value, str | int) and value != ""
        )

    return tell


def _tell_database(error: BaseException) -> str:
    diagnosis = getattr(error, "diag", None)
    names = ("constraint_name", "table_name", "column_name")
    told = [("sqlstate", getattr(error, "sqlstate", None))]
    told += [(name, getattr(diagnosis, name, None)) for name in names]
    facts = " ".join(f"{name}={value}" for name, value in told if value)
    # No state: the connection failed, and the message names only host and port.
    return facts or str(error).partition("\n")[0]


def _tell_django_database(error: BaseException) -> str:
    inner = error.__cause__
    known = inner is not None and type(inner).__module__.startswith("psycopg")
    return _tell_database(inner) if known and inner else str(error).partition("\n")[0]


def _tell_decode(error: BaseException) -> str:
    return _facts("encoding", "start", "end", "reason")(error)


def _tell_pydantic(error: BaseException) -> str:
    count: Callable[[], int] | None = getattr(error, "error_count", None)
    return f"{count()} validation errors" if count else "validation errors"


_TELLERS: dict[str, Callable[[BaseException], str]] = {
    "psycopg.Error": _tell_database,
    "django.Error": _tell_django_database,
    "builtins.UnicodeError": _tell_decode,
    "openai.APIStatusError": _facts("status_code", "code", "type", "request_id"),
    "openai.OpenAIError": lambda error: str(error).partition("\n")[0],
    "pydantic.ValidationError": _tell_pydantic,
    "pydantic_core.ValidationError": _tell_pydantic,
    "django.ValidationError": _facts("code"),
}

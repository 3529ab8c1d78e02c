"""The statements that move value, each in a file with its description.

``schema/`` holds the functions and triggers that migrations install. ``run`` calls
one of the transitions: one round trip, one transaction's worth of change and event.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from datetime import datetime

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Row:
    """What a transition answered: its outcome, and the voucher's columns."""

    outcome: str
    detail: str | None
    at: datetime | None
    voucher: dict[str, Any] | None


@cache
def schema(name: str) -> str:
    """Return the text of ``schema/<name>.sql``."""
    return (HERE / "schema" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def statement(name: str) -> str:
    """Return the text of ``<name>.sql``."""
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")


def run(name: str, **values: Any) -> Row:
    """Run one transition and return its single row."""
    with connection.cursor() as cursor:
        cursor.execute(statement(name), values)
        names = [column.name for column in cursor.description]
        outcome, detail, at, *columns = cursor.fetchone()
    found = dict(zip(names[3:], columns, strict=True))
    return Row(outcome, detail, at, found if found["id"] is not None else None)

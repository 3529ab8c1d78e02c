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


@cache
def call(name: str, columns: tuple[str, ...]) -> str:
    """Return the statement with the voucher's columns by name, in this order.

    By name, so that a column that a newer release added does not shift the answer.
    """
    named = ", ".join(f"(r.voucher).{column}" for column in columns)
    return statement(name).replace("(r.voucher).*", named)


def run(name: str, columns: tuple[str, ...], values: dict[str, Any]) -> Row:
    """Run one transition and return its single row."""
    with connection.cursor() as cursor:
        cursor.execute(call(name, columns), values)
        outcome, detail, at, *rest = cursor.fetchone()
    voucher = dict(zip(columns, rest, strict=True))
    return Row(outcome, detail, at, voucher if voucher["id"] is not None else None)

"""Calls of the database functions that change vouchers.

The migrations install the functions and triggers from ``schema/``. ``run`` calls one
function: it makes the change and its event in one statement; ``run_many`` calls it many
times by one statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection

from vouchers import seals

if TYPE_CHECKING:
    from datetime import datetime

# Outcomes of a key that was used before: its event was sealed then.
REPLAYS = ("replayed", "key_reused")
SCHEMA = Path(__file__).parent / "schema"
_CAUSE = (
    "ROW(%(actor_kind)s, %(actor_id)s, %(channel)s, %(device)s, %(may_know)s,"
    " %(correlation_id)s, %(key)s, %(fingerprint)s)::voucher_cause"
)
_CODE = "%(hmac)s, %(key_id)s, %(last4)s, %(sealed)s"
_FUNCTIONS = {
    "issue": (
        f"voucher_issue(%(owner)s, %(public_id)s, %(reference)s, {_CODE}, %(amount)s,"
        " %(currency)s, %(days)s, %(is_pending)s, %(approval_hours)s, %(issuer_cap)s,"
        f" %(customer_cap)s, %(note)s::text, {_CAUSE})"
    ),
    "redeem": (
        "voucher_redeem(%(hmacs)s::bytea[], %(public_id)s::uuid, %(owner)s::bigint,"
        f" %(station)s, {_CAUSE})"
    ),
    "void": f"voucher_void(%(public_id)s::uuid, %(reference)s, %(reason)s, {_CAUSE})",
    "decide": (
        f"voucher_decide(%(voucher)s, %(decision)s, {_CODE}, %(days)s, %(reason)s,"
        f" {_CAUSE})"
    ),
    "reverse": (
        f"voucher_reverse(%(public_id)s::uuid, %(most)s, %(reason)s, {_CAUSE})"
    ),
    "decide_reversal": (
        f"voucher_decide_reversal(%(request)s, %(decision)s, %(reason)s, {_CAUSE})"
    ),
    "extend": (
        "voucher_extend(%(public_id)s::uuid, %(last_day)s::date, %(most)s, %(reason)s,"
        f" {_CAUSE})"
    ),
    "rotate": f"voucher_rotate(%(voucher)s, {_CODE}, %(reason)s, {_CAUSE})",
}

# What differs between the calls of one statement (`run_many`), with its type.
EACH = {
    "owner": "bigint",
    "public_id": "uuid",
    "reference": "text",
    "hmac": "bytea",
    "key_id": "text",
    "last4": "text",
    "sealed": "bytea",
    "amount": "bigint",
    "is_pending": "boolean",
    "note": "text",
    "key": "text",
    "fingerprint": "bytea",
}
PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Row:
    """The answer of a database function: its outcome and the voucher's columns."""

    outcome: str
    detail: str | None
    at: datetime | None
    voucher: dict[str, Any] | None


class WrongEffect(Exception):
    """The database made another change than the one that was asked for."""


@cache
def schema(name: str) -> str:
    """Return the text of ``schema/<name>.sql``."""
    return (SCHEMA / f"{name}.sql").read_text(encoding="utf-8")


@cache
def call(name: str, columns: tuple[str, ...]) -> str:
    """Return the statement that calls a function and selects the voucher's columns.

    It names the columns, so that a column of a newer release does not shift them.
    """
    named = ", ".join(f"(r.voucher).{column}" for column in columns)
    # Constants of this module and column names of the model, no input.
    return (
        f"SELECT r.outcome, r.detail, r.at, e.*, {named} FROM {_FUNCTIONS[name]} r"  # noqa: S608
        " LEFT JOIN LATERAL voucher_written((r.voucher).id, %(key)s) e ON true"
    )


@cache
def call_many(name: str, columns: tuple[str, ...]) -> str:
    """Return the same statement for many calls, one after the other.

    The values of ``EACH`` are arrays with one element for each call.
    """
    arrays = ", ".join(f"%({each})s::{kind}[]" for each, kind in EACH.items())
    one = PARAMETER.sub(
        lambda found: f"a.{found[1]}" if found[1] in EACH else found[0],
        call(name, columns),
    )
    selected, called = one.split(" FROM ", 1)
    return (
        f"{selected} FROM unnest({arrays})"
        f" WITH ORDINALITY a({', '.join(EACH)}, place) CROSS JOIN LATERAL {called}"
        " ORDER BY a.place"
    )


def run(name: str, columns: tuple[str, ...], values: dict[str, Any]) -> Row:
    """Call one function, seal the event that it wrote, and return its single row."""
    with connection.cursor() as cursor:
        cursor.execute(call(name, columns), values)
        found = [cursor.fetchone()]
    return _sealed(name, columns, [values], found)[0]


def run_many(
    name: str, columns: tuple[str, ...], values: list[dict[str, Any]]
) -> list[Row]:
    """Call one function for each of these values by one statement, in their order."""
    if not values:
        return []
    arrays = {each: [one[each] for one in values] for each in EACH}
    with connection.cursor() as cursor:
        cursor.execute(call_many(name, columns), values[0] | arrays)
        found = cursor.fetchall()
    return _sealed(name, columns, values, found)


def _sealed(
    name: str,
    columns: tuple[str, ...],
    values: list[dict[str, Any]],
    found: list[tuple[Any, ...]],
) -> list[Row]:
    """Seal the events that the calls wrote, and return the answers."""
    rows: list[Row] = []
    written: list[seals.WrittenEvent] = []
    for asked, answer in zip(values, found, strict=True):
        outcome, detail, at, event_id, event_hash, last, *rest = answer
        voucher = dict(zip(columns, rest, strict=True))
        if event_id is not None and outcome not in REPLAYS:
            if name == "issue":
                _refuse_other_effect(voucher, asked)
            written.append(
                seals.WrittenEvent(event_id, voucher["id"], event_hash, last)
            )
        is_one = voucher["id"] is not None
        rows.append(Row(outcome, detail, at, voucher if is_one else None))
    seals.write(written)
    return rows


def _refuse_other_effect(voucher: dict[str, Any], values: dict[str, Any]) -> None:
    """Seal no voucher of another amount or for another person than was asked for."""
    stored = (voucher["amount_minor"], voucher["currency"], voucher["owner_id"])
    if stored != (values["amount"], values["currency"], values["owner"]):
        raise WrongEffect

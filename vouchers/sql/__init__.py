"""Calls of the database functions that change vouchers.

The migrations install the functions and triggers from ``schema/``. ``run`` calls one
function: it makes the change and its event in one statement.
"""

from __future__ import annotations

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


def run(name: str, columns: tuple[str, ...], values: dict[str, Any]) -> Row:
    """Call one function, seal the event that it wrote, and return its single row."""
    with connection.cursor() as cursor:
        cursor.execute(call(name, columns), values)
        outcome, detail, at, event_id, event_hash, last, *rest = cursor.fetchone()
    voucher = dict(zip(columns, rest, strict=True))
    if event_id is not None and outcome not in REPLAYS:
        if name == "issue":
            _refuse_other_effect(voucher, values)
        seals.write([seals.Written(event_id, voucher["id"], event_hash, last)])
    return Row(outcome, detail, at, voucher if voucher["id"] is not None else None)


def _refuse_other_effect(voucher: dict[str, Any], values: dict[str, Any]) -> None:
    """Seal no voucher of another amount or for another person than was asked for."""
    stored = (voucher["amount_minor"], voucher["currency"], voucher["owner_id"])
    if stored != (values["amount"], values["currency"], values["owner"]):
        raise WrongEffect

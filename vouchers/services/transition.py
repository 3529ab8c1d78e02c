"""What every voucher operation shares: its cause, its row, and its refusal."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from easymo.observability import correlation
from vouchers import errors, sql
from vouchers.models import Voucher
from vouchers.services.fence import pass_fence

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from vouchers.actors import Actor

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
MAX_KEY = 300
MAX_REASON = 500
# A code or a reference that is already taken, or the same key twice at once.
ATTEMPTS = 5
COLUMNS = tuple(field.attname for field in Voucher._meta.concrete_fields)


def perform(
    name: str, actor: Actor, *, fenced: bool, values: Callable[[], dict[str, Any]]
) -> sql.Row:
    """Run one transition in a transaction of its own.

    A unique violation (a drawn code or reference that exists, or the same key at the
    same moment for another voucher) rolls back, and the whole is tried again.
    """
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                if fenced:
                    pass_fence(actor)
                return sql.run(name, COLUMNS, values())
        except IntegrityError as error:
            if attempt == ATTEMPTS - 1 or not _is_unique_violation(error):
                raise
    raise AssertionError("unreachable")


def _is_unique_violation(error: IntegrityError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") == "23505"


def cause(actor: Actor, key: str, *arguments: object) -> dict[str, Any]:
    """Return who, why and what, as the transition takes it.

    The fingerprint tells the same request from another under the same key; which
    voucher is meant is compared in the database.
    """
    if not key or len(key) > MAX_KEY or _CONTROL.search(key):
        raise ValueError("A key is 1 to 300 characters without control characters.")
    asked = json.dumps([actor.kind, actor.id, *arguments]).encode()
    return {
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "channel": actor.channel,
        "device": actor.device,
        "may_know": actor.may_know,
        "correlation_id": correlation.current(),
        "key": key,
        "fingerprint": hashlib.sha256(asked).digest(),
    }


def clean_reason(reason: str) -> str:
    """Return the reason stripped, or raise ``InvalidReason``."""
    text = reason.strip() if isinstance(reason, str) else ""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise errors.InvalidReason from error
    if not 0 < len(text) <= MAX_REASON or _CONTROL.search(text):
        raise errors.InvalidReason
    return text


def voucher_from(row: sql.Row) -> Voucher:
    """Return the voucher as the transition left it, without asking again."""
    if row.voucher is None:
        raise AssertionError(f"The transition answered {row.outcome} without a row.")
    return Voucher.from_db("default", COLUMNS, list(row.voucher.values()))


def refusal(row: sql.Row) -> errors.VoucherError:
    """Return what the transition's refusal means."""
    detail = row.detail or ""
    match row.outcome:
        case "not_issued":
            return errors.VoucherNotIssued(detail, _since(row.voucher or {}, detail))
        case "not_pending":
            return errors.VoucherNotPending(detail)
        case "expired":
            return errors.VoucherExpired((row.voucher or {}).get("expires_at"))
        case "locked":
            return errors.Locked(int(detail or 1))
        case outcome:
            return _PLAIN[outcome]()


def _since(voucher: dict[str, Any], status: str) -> datetime | None:
    """Return since when a voucher is what it is, where its row says so."""
    at: datetime | None = voucher.get(_SINCE.get(status, ""))
    return at


# A status and the column that says when it came about.
_SINCE = {"redeemed": "redeemed_at", "void": "voided_at", "expired": "expires_at"}
_PLAIN: dict[str, Callable[[], errors.VoucherError]] = {
    "voucher_not_found": errors.VoucherNotFound,
    "not_owner": errors.NotOwner,
    "customer_not_found": errors.CustomerNotFound,
    "forbidden": errors.NotAllowed,
    "wrong_station": errors.WrongStation,
    "second_person_needed": errors.SecondPersonNeeded,
    "key_reused": errors.KeyReused,
}

"""The steps that all voucher operations share: fence, call, answer, refusal."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from easymo.database.errors import is_transient
from easymo.observability import correlation
from vouchers import errors, sql
from vouchers.codes import blank_code_digits
from vouchers.models import Voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchers.actors import Actor
    from vouchers.models import Profile

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
KIGALI = ZoneInfo("Africa/Kigali")
MAX_KEY = 300
MAX_REASON = 500
# A drawn code or reference can be taken, and two calls can use one key at once.
ATTEMPTS = 5
COLUMNS = tuple(field.attname for field in Voucher._meta.concrete_fields)


def pass_fence(owner: Profile | None) -> None:
    """Ask the callable in ``VOUCHER_GUARD`` whether vouchers are on for the owner.

    None asks whether they are on for anyone. It must be the first statement of the
    transaction, so that later reads happen after it holds its lock. Any answer but True
    raises ``FeatureDisabled``. The database asks again for the owner in the row.
    """
    try:
        guard = import_string(settings.VOUCHER_GUARD)
        is_open = guard(subject=str(owner.public_id) if owner else None)
    except Exception as error:
        if is_transient(error):
            # A database error is transient and is no answer: let the caller retry.
            raise
        raise errors.FeatureDisabled from error
    if is_open is not True:
        raise errors.FeatureDisabled


def perform(
    name: str,
    *,
    owner: Profile | None,
    values: Callable[[], dict[str, Any]],
    fenced: bool = True,
) -> sql.Row:
    """Run one operation on a voucher of the owner in a transaction of its own.

    After a unique violation (a drawn code or reference is taken, or a concurrent call
    used the same key for another voucher) it rolls back and tries again.
    """

    def once() -> sql.Row:
        if fenced:
            pass_fence(owner)
        return sql.run(name, COLUMNS, values())

    return _again_when_taken(once)


def perform_many(
    name: str, *, values: Callable[[], list[dict[str, Any]]]
) -> list[sql.Row]:
    """Run one operation on many vouchers, in the caller's fenced transaction.

    After a unique violation all of them are tried again.
    """
    return _again_when_taken(lambda: sql.run_many(name, COLUMNS, values()))


def _again_when_taken[Answer](once: Callable[[], Answer]) -> Answer:
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return once()
        except IntegrityError as error:
            if attempt == ATTEMPTS - 1 or not _is_unique_violation(error):
                raise
    raise AssertionError("unreachable")


def _is_unique_violation(error: IntegrityError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") == "23505"


def cause(actor: Actor, key: str, *arguments: object) -> dict[str, Any]:
    """Return the actor, the key and the fingerprint as the database takes them.

    A repeated key must have the same fingerprint. The database compares the voucher
    itself.
    """
    if not key or len(key) > MAX_KEY or _CONTROL.search(key):
        raise ValueError("A key is 1 to 300 characters without control characters.")
    request = json.dumps([actor.kind, actor.id, *arguments]).encode()
    return {
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "channel": actor.channel,
        "device": actor.device,
        "may_know": actor.may_know,
        "correlation_id": correlation.current(),
        "key": key,
        "fingerprint": hashlib.sha256(request).digest(),
    }


def clean_reason(reason: str) -> str:
    """Return the reason stripped and without codes, or raise ``InvalidReason``."""
    text = reason.strip() if isinstance(reason, str) else ""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise errors.InvalidReason from error
    if not 0 < len(text) <= MAX_REASON or _CONTROL.search(text):
        raise errors.InvalidReason
    return blank_code_digits(text)


def voucher_from(row: sql.Row) -> Voucher:
    """Return the voucher from the answer, without another query."""
    if row.voucher is None:
        raise AssertionError(f"The outcome {row.outcome} came without a voucher.")
    return Voucher.from_db("default", COLUMNS, list(row.voucher.values()))


def refusal(row: sql.Row) -> errors.VoucherError:
    """Return the exception for a refusal of the database."""
    return _REFUSALS[row.outcome](row.detail or "", row.voucher or {})


# For each status, the column with the time of the change to it.
_STATUS_TIMES = {
    "redeemed": "redeemed_at",
    "void": "voided_at",
    "expired": "expires_at",
}
_REFUSALS: dict[str, Callable[[str, dict[str, Any]], errors.VoucherError]] = {
    "not_issued": lambda status, row: errors.VoucherNotIssued(
        status, row.get(_STATUS_TIMES.get(status, ""))
    ),
    "not_pending": lambda status, _: errors.VoucherNotPending(status),
    "approval_expired": lambda *_: errors.ApprovalExpired(),
    "not_redeemed": lambda status, _: errors.NotRedeemed(status),
    "expired": lambda _, row: errors.VoucherExpired(row.get("expires_at")),
    "wrong_last_day": lambda latest, row: errors.WrongLastDay(
        timezone.localdate(row["expires_at"], KIGALI), date.fromisoformat(latest)
    ),
    "too_late": lambda seconds, _: errors.TooLate(int(seconds)),
    "decided": lambda decision, _: errors.RequestDecided(decision),
    "second_person_needed": lambda bar, _: errors.SecondPersonNeeded(
        bar or "own_request"
    ),
    "locked": lambda seconds, _: errors.Locked(int(seconds or 1)),
    "voucher_not_found": lambda *_: errors.VoucherNotFound(),
    "not_owner": lambda *_: errors.NotOwner(),
    "customer_not_found": lambda *_: errors.CustomerNotFound(),
    "forbidden": lambda *_: errors.NotAllowed(),
    "wrong_station": lambda *_: errors.WrongStation(),
    "feature_disabled": lambda *_: errors.FeatureDisabled(),
    "already_asked": lambda *_: errors.AlreadyAsked(),
    "key_reused": lambda *_: errors.KeyReused(),
}

"""Read a voucher of the earlier system: three schemas, one strict reading. Pure."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from vouchers import codes as voucher_codes
from vouchers import limits
from vouchers.legacy.people import LONGEST_ID, number_of
from vouchers.legacy.values import (
    Unreadable,
    last_moment,
    minor_units,
    moment,
    number,
    text,
    whole,
)
from vouchers.money import Money, is_currency

if TYPE_CHECKING:
    from vouchers.legacy.source import SourceRow

STATUSES = {
    "issued": "issued",
    "sent": "issued",
    "active": "issued",
    "redeemed": "redeemed",
    "used": "redeemed",
    "cancelled": "void",
    "canceled": "void",
    "void": "void",
    "voided": "void",
    "expired": "expired",
}
ASSUMED_CURRENCY = "RWF"
# The marks of the two programs that stored amounts in different units.
WHATSAPP_MARK, AGENT_MARK = "VC:", "EASYMO-VOUCHER:"
_AGENT_POLICY = re.compile(r"AI-[0-9]{13}")
# A default of the earlier schema was wrong by the session's time zone.
SKEW = timedelta(hours=24)


@dataclass(slots=True)
class Read:
    """What is taken of a voucher; ``codes`` are those of the report."""

    id: str
    public_id: uuid.UUID = field(default_factory=uuid.uuid4)
    money: Money | None = None
    status: str = ""
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    # When it was redeemed, voided or expired.
    ended_at: datetime | None = None
    station: str | None = None
    code: voucher_codes.Code | None = None
    owner_ids: list[str] = field(default_factory=list)
    # The valid number on the voucher; it is not stored with it.
    msisdn: str | None = None
    codes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The stored redemptions of a voucher; None: there is no table of them."""

    number: int | None = None
    first: str | None = None


def read(row: SourceRow, redeemed: Redeemed, *, now: datetime) -> Read:
    """Read a voucher. A code of the report says why it is refused or mended."""
    found = Read(text(row, "id") or "")
    if not 0 < len(found.id) <= LONGEST_ID:
        found.codes.append("id_missing")
        return found
    with suppress(ValueError):
        found.public_id = uuid.UUID(found.id)
    try:
        found.money = _money(row, found.codes)
        _read_status(row, found, redeemed)
        _read_times(row, found, redeemed, now)
        _refuse_unapproved(found)
        _read_owner(row, found)
    except Unreadable as error:
        found.codes.append(error.code)
        return found
    _read_code(row, found)
    return found


def _money(row: SourceRow, codes: list[str]) -> Money:
    currency = _currency(row, codes)
    minor = _minor(row, currency, codes)
    if minor > limits.cap("voucher", currency):
        raise Unreadable("amount_above_limit")
    return Money(minor, currency)


def _currency(row: SourceRow, codes: list[str]) -> str:
    if "currency" not in row:
        codes.append("currency_assumed")
        return ASSUMED_CURRENCY
    written = row["currency"] or ""
    currency = written.strip().upper()
    if currency not in settings.VOUCHER_CURRENCIES or not is_currency(currency):
        raise Unreadable("currency_unknown")
    if currency != written:
        codes.append("currency_spelled")
    return currency


def _minor(row: SourceRow, currency: str, codes: list[str]) -> int:
    """Return the amount in minor units, by the program that stored it."""
    stored, major = number(text(row, "amount_minor")), number(text(row, "amount"))
    value = number(text(row, "value"))
    payload = text(row, "qr_payload") or ""
    is_agents = payload.startswith(AGENT_MARK) or _AGENT_POLICY.fullmatch(
        text(row, "policy_number") or ""
    )
    if stored is not None and is_agents:
        if stored % 100:
            raise Unreadable("amount_indivisible")
        codes.append("amount_divided")
        return minor_units(stored / 100, currency)
    if stored is not None and payload.startswith(WHATSAPP_MARK):
        return whole(stored)
    if major is not None and stored is not None and _is_batch(row):
        return minor_units(major, currency)
    if stored is not None:
        if major is not None and minor_units(major, currency) != stored:
            raise Unreadable("amount_unclear")
        return whole(stored)
    given = {each for each in (major, value) if each is not None}
    if len(given) != 1:
        raise Unreadable("amount_unclear" if given else "amount_missing")
    return minor_units(given.pop(), currency)


def _is_batch(row: SourceRow) -> bool:
    """Tell whether the admin pages made it: they stored major units in ``amount``."""
    code = (text(row, "code5", "code_5") or "").upper()
    return bool(text(row, "created_by")) or (code.startswith("K") and len(code) > 5)


def _read_status(row: SourceRow, found: Read, redeemed: Redeemed) -> None:
    written = (row.get("status") or "").strip()
    status = STATUSES.get(written.lower())
    if status is None:
        raise Unreadable("status_unknown")
    found.status = status
    if status != written:
        found.codes.append("status_spelled")
    was_redeemed = bool(redeemed.number or text(row, "redeemed_at"))
    if was_redeemed and status != "redeemed":
        raise Unreadable("status_contradicts")
    if status == "redeemed" and redeemed.number == 0:
        found.codes.append("redemption_missing")
    if redeemed.number is not None and redeemed.number > 1:
        found.codes.append("redeemed_repeatedly")
    if status == "redeemed":
        found.station = text(row, "redeemed_by_station_id")


def _read_times(row: SourceRow, found: Read, redeemed: Redeemed, now: datetime) -> None:
    issued = moment(row, "issued_at", "created_at")
    if issued is None:
        raise Unreadable("time_missing")
    found.issued_at = issued
    expires = moment(row, "expires_at")
    if expires is None:
        expires = issued + timedelta(days=settings.VOUCHER_VALID_DAYS)
        found.codes.append("expiry_set")
    found.expires_at = last_moment(expires)
    if found.expires_at < issued:
        raise Unreadable("times_contradict")
    if text(row, "expires_at") and found.expires_at != expires:
        found.codes.append("expiry_end_of_day")
    _read_end(row, found, redeemed, now)
    if issued > now or (found.ended_at and found.ended_at > now):
        raise Unreadable("time_in_future")


def _read_end(row: SourceRow, found: Read, redeemed: Redeemed, now: datetime) -> None:
    """Read when the voucher was redeemed, voided or expired."""
    ends = found.expires_at or now
    match found.status:
        case "issued" if ends < now:
            found.status = "expired"
            found.ended_at = ends
            found.codes.append("expired_by_date")
            return
        case "issued":
            return
        case "expired":
            if ends - timedelta(days=1) > now:
                # It would be lost before its day.
                raise Unreadable("status_contradicts")
            found.ended_at = min(ends, now)
            return
        case "redeemed":
            first = {"redeemed_at": redeemed.first}
            at = moment(row, "redeemed_at") or moment(first, "redeemed_at")
        case _:
            at = moment(row, "voided_at", "cancelled_at")
    if at is None:
        at = moment(row, "updated_at") or found.issued_at
        found.codes.append("time_assumed")
    _set_end(found, at)


def _set_end(found: Read, at: datetime | None) -> None:
    if at is None or found.issued_at is None:
        raise Unreadable("time_missing")
    if at < found.issued_at - SKEW:
        raise Unreadable("times_contradict")
    if at < found.issued_at:
        found.codes.append("time_moved")
    found.ended_at = max(at, found.issued_at)


def _refuse_unapproved(found: Read) -> None:
    """Refuse a valid voucher of an amount that a second person approves here."""
    if found.status == "issued" and found.money and limits.needs_approval(found.money):
        raise Unreadable("amount_needs_approval")


def _read_owner(row: SourceRow, found: Read) -> None:
    names = ("user_id", "owner_id", "customer_id")
    found.owner_ids = [value for key in names if (value := text(row, key))]
    # Of the column "metadata" only the number is read.
    written = text(row, "whatsapp_e164", "customer_msisdn", "msisdn", "metadata")
    found.msisdn = number_of(written) if written else None
    if not found.owner_ids and found.msisdn is None:
        raise Unreadable("number_invalid" if written else "owner_missing")


def _read_code(row: SourceRow, found: Read) -> None:
    """Keep a code of 16 digits; five signs can be guessed and are replaced."""
    try:
        found.code = voucher_codes.parse_code(text(row, "code", "code5", "code_5"))
    except voucher_codes.InvalidCode:
        found.codes.append("code_replaced")

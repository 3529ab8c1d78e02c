"""Take back a redemption of the person's own station, with a reason and a button."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agents.tools.arguments import (
    NamedVoucher,
    VoucherNotNamed,
    amount_of,
    find_voucher,
    reference_in_question,
    status_of,
)
from agents.tools.authority import may_act_on
from agents.tools.base import Effect, Tool, ToolResult, done, strict_object
from agents.tools.confirmation import ask_by_button
from vouchers import selectors
from vouchers.errors import TooLate
from vouchers.models import Voucher
from vouchers.services.reverse import STATION_PERIOD
from vouchers.services.reverse import reverse_redemption as reverse

if TYPE_CHECKING:
    from datetime import datetime

    from agents.tools.base import Call

MOST_LISTED = 5
_LONGEST_REASON = 300
_KIGALI = ZoneInfo("Africa/Kigali")


def reverse_redemption(call: Call) -> ToolResult:
    """Ask for voucher, reason and button in this order, then take the redemption back.

    Above the limit it becomes a request that waits for a second person.
    """
    try:
        named = _named(call)
    except VoucherNotNamed:
        return _which(call)
    voucher = named.voucher
    reason = call.arguments.get("reason")
    reason = (
        " ".join(reason.split())[:_LONGEST_REASON] if isinstance(reason, str) else ""
    )
    redeemed_at = voucher.redeemed_at
    if redeemed_at is None or not _is_recent(call, redeemed_at):
        raise TooLate(int(STATION_PERIOD.total_seconds()))
    facts = {"reference": voucher.reference, "amount": amount_of(voucher)}
    if not reason:
        needed = ("reason_needed", "A reason is needed.", "ask.undo_reason")
        return call.refused(*needed, voucher=voucher.reference, **facts)
    station = call.profile.station.name if call.profile.station else ""
    if not call.is_confirmed:
        question = call.text(
            "confirm.undo",
            reference=reference_in_question(call, named),
            amount=facts["amount"],
            station=station,
            at=_time_of(redeemed_at),
            reason=reason,
        )
        arguments = {"voucher": voucher.reference, "reason": reason}
        return ask_by_button(call, "reverse_redemption", arguments, question)
    taken = reverse(
        voucher=voucher, reason=reason, actor=call.actor, key=call.context.turn_key
    )
    key = "receipt.undo_waits" if taken.is_requested else "receipt.undo"
    display = call.text(key, station=station, reason=reason, **facts)
    effect = Effect("reverse", voucher.public_id, replayed=taken.replayed)
    status = status_of(taken.voucher)
    return done(display, effect=effect, status=status, **facts)


def _named(call: Call) -> NamedVoucher:
    """Return the voucher, redeemed at the person's own station.

    Raises VoucherNotNamed, VoucherNotFound, Locked. Without a name it is the only one
    that can be taken back.
    """
    wanted = call.arguments.get("voucher")
    if not (isinstance(wanted, str) and wanted.strip()):
        recent = _recent(call)
        if len(recent) != 1:
            raise VoucherNotNamed
        return NamedVoucher(recent[0])
    return find_voucher(call, is_within_reach=_is_of_station)


def _is_of_station(call: Call, voucher: Voucher) -> bool:
    return (
        voucher.status == Voucher.Status.REDEEMED
        and voucher.station_id == call.profile.station_id
        and may_act_on(call.profile, voucher.owner, spends=True)
    )


def _recent(call: Call) -> list[Voucher]:
    """Return what can be taken back, the newest first."""
    found = selectors.redemptions_since(
        station=call.profile.station, since=call.context.now() - STATION_PERIOD
    )
    vouchers = [redemption.voucher for redemption in found[:MOST_LISTED]]
    return [voucher for voucher in vouchers if _is_of_station(call, voucher)]


def _is_recent(call: Call, redeemed_at: datetime) -> bool:
    return call.context.now() - redeemed_at <= STATION_PERIOD


def _which(call: Call) -> ToolResult:
    """Ask which redemption is meant; list those that can be taken back."""
    recent = _recent(call)
    if not recent:
        return call.refused("none_to_undo", "There is none.", "refused.none_to_undo")
    lines = [call.text("ask.undo")]
    for voucher in recent:
        at = _time_of(voucher.redeemed_at) if voucher.redeemed_at else ""
        facts = {"reference": voucher.reference, "amount": amount_of(voucher)}
        lines.append(call.text("undo.line", at=at, **facts))
    result = call.refused("which_voucher", "Name one redemption.", "ask.undo")
    return ToolResult({**result.payload, "display": "\n".join(lines)})


def _time_of(at: datetime) -> str:
    return at.astimezone(_KIGALI).strftime("%H:%M")


REVERSE_REDEMPTION = Tool(
    name="reverse_redemption",
    description=(
        "Take back (undo) a redemption that station staff made by mistake at their own "
        "station in the last 15 minutes: '[code 1]' or its reference (null: the only "
        "one), with the reason that the person gave ('' when they gave none)."
    ),
    parameters=strict_object(
        voucher={"type": ["string", "null"]}, reason={"type": "string"}
    ),
    handler=reverse_redemption,
    is_write=True,
)

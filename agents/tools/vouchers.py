from __future__ import annotations

from typing import TYPE_CHECKING

from agents.tools import plain_request
from agents.tools.arguments import (
    NamedVoucher,
    VoucherNotNamed,
    amount_of,
    date_of,
    find_named_station,
    find_voucher,
    number_in_question,
    reference_in_question,
    status_of,
)
from agents.tools.authority import Button, StationRule
from agents.tools.base import Effect, Tool, ToolResult, done, strict_object
from agents.tools.confirmation import ask_by_button
from vouchers import limits, selectors
from vouchers.errors import UnknownStation, VoucherExpired, VoucherNotIssued
from vouchers.models import Voucher
from vouchers.money import Money
from vouchers.services.redeem import redeem_voucher as redeem
from vouchers.services.void import void_voucher as void

if TYPE_CHECKING:
    from agents.tools.base import Call
    from vouchers.models import Station

_SHOWN = 10
# Missing arguments: the code, the sentence for the model, the text for the person.
_NO_STATION = ("station_needed", "Name the station.", "ask.station")
_UNKNOWN_STATION = (
    "station_not_found",
    "There is no such station.",
    "refused.station_not_found",
)
_NO_REASON = ("reason_needed", "A reason is needed.", "ask.reason")


def redeem_voucher(call: Call) -> ToolResult:
    """Redeem a voucher at a station, or ask for the confirm button first."""
    try:
        named = find_voucher(call)
    except VoucherNotNamed:
        return which_voucher(call)
    is_own_station = call.rule.station is StationRule.OWN_STATION
    wanted = call.arguments.get("station")
    if not is_own_station and not wanted:
        return _ask_for(call, named, *_NO_STATION)
    try:
        station = (
            find_named_station(call.profile.station.code)
            if is_own_station and call.profile.station
            else find_named_station(wanted)
        )
    except UnknownStation:
        return _ask_for(call, named, *_UNKNOWN_STATION)
    if not call.is_confirmed:
        _refuse_unusable(named.voucher)
        if _needs_button(call, named, station):
            return _ask_to_redeem(call, named, station)
    redeemed = redeem(
        voucher_id=named.voucher.public_id,
        owner=named.voucher.owner,
        station=station,
        actor=call.actor,
        key=call.context.turn_key,
    )
    display = call.text(
        "receipt.redeem",
        reference=redeemed.voucher.reference,
        amount=amount_of(redeemed.voucher),
        station=station.name,
        at=date_of(redeemed.redeemed_at, call.context.language),
    )
    effect = Effect("redeem", redeemed.voucher.public_id, replayed=redeemed.replayed)
    return done(display, effect=effect, **_facts(redeemed.voucher))


def _needs_button(call: Call, named: NamedVoucher, station: Station) -> bool:
    if call.rule.button is not Button.UNLESS_OWN_WORDS or named.placeholder is None:
        return True
    voucher = named.voucher
    if limits.needs_confirmation(Money(voucher.amount_minor, voucher.currency)):
        return True
    return not (
        call.context.is_fresh
        and plain_request.asks_to_redeem(
            call.context.own_text,
            placeholder=named.placeholder,
            owner=voucher.owner.msisdn or "",
            station=(station.name, station.code),
            must_name_station=call.rule.station is not StationRule.OWN_STATION,
        )
    )


def _ask_to_redeem(call: Call, named: NamedVoucher, station: Station) -> ToolResult:
    voucher = named.voucher
    is_own = voucher.owner_id == call.profile.pk
    question = call.text(
        "confirm.redeem" if is_own else "confirm.redeem_for",
        reference=voucher.reference if is_own else reference_in_question(call, named),
        amount=amount_of(voucher),
        name=voucher.owner.name,
        msisdn=number_in_question(call, voucher.owner),
        station=station.name,
    )
    arguments = {"voucher": voucher.reference, "station": station.code}
    return ask_by_button(call, "redeem_voucher", arguments, question)


def void_voucher(call: Call) -> ToolResult:
    """Void a voucher, with a reason and always with the confirm button."""
    try:
        named = find_voucher(call)
    except VoucherNotNamed:
        return which_voucher(call)
    voucher = named.voucher
    reason = call.arguments.get("reason")
    reason = " ".join(reason.split())[:300] if isinstance(reason, str) else ""
    if not reason:
        return _ask_for(call, named, *_NO_REASON)
    language = call.context.language
    if not call.is_confirmed:
        if voucher.status != Voucher.Status.ISSUED:
            raise _not_issued(voucher)
        question = call.text(
            "confirm.void",
            reference=reference_in_question(call, named),
            amount=amount_of(voucher),
            name=voucher.owner.name,
            msisdn=number_in_question(call, voucher.owner),
            reason=reason,
        )
        arguments = {"voucher": voucher.reference, "reason": reason}
        return ask_by_button(call, "void_voucher", arguments, question)
    voided = void(
        voucher_id=voucher.public_id,
        reason=reason,
        actor=call.actor,
        key=call.context.turn_key,
    )
    display = call.text(
        "receipt.void",
        reference=voided.voucher.reference,
        amount=amount_of(voided.voucher),
        at=date_of(voided.voided_at, language),
        reason=reason,
    )
    effect = Effect("void", voided.voucher.public_id, replayed=voided.replayed)
    return done(display, effect=effect, **_facts(voided.voucher))


def list_vouchers(call: Call) -> ToolResult:
    """List the person's own vouchers, the newest first."""
    found = list(selectors.vouchers_of(call.profile)[: _SHOWN + 1])
    if not found:
        return done(call.text("list.empty"), vouchers=[])
    shown = found[:_SHOWN]
    lines = [call.text("list.header"), *(_line(call, voucher) for voucher in shown)]
    if len(found) > _SHOWN:
        total = selectors.vouchers_of(call.profile).count()
        lines.append(call.text("list.more", count=total - _SHOWN))
    return done("\n".join(lines), vouchers=[_facts(voucher) for voucher in shown])


def which_voucher(call: Call) -> ToolResult:
    """Ask which voucher is meant; list their own to a customer."""
    if call.rule.station is StationRule.OWN_STATION:
        return call.refused("voucher_needed", "A code in hand is needed.", "ask.code")
    display = call.text("ask.voucher")
    if call.rule.station and call.rule.button is Button.ALWAYS:
        display = f"{display}\n\n{list_vouchers(call).payload['display']}"
    result = call.refused("which_voucher", "Name one voucher.", "ask.voucher")
    return ToolResult({**result.payload, "display": display})


def _ask_for(
    call: Call, named: NamedVoucher, code: str, error: str, key: str
) -> ToolResult:
    """Ask for a missing argument; name the reference, since a code ends with the turn."""
    return call.refused(code, error, key, voucher=named.voucher.reference)


def _refuse_unusable(voucher: Voucher) -> None:
    """Raise the refusal that a confirm button would lead to."""
    if status_of(voucher) == Voucher.Status.EXPIRED:
        raise VoucherExpired(voucher.expires_at)
    if voucher.status != Voucher.Status.ISSUED:
        raise _not_issued(voucher)


def _not_issued(voucher: Voucher) -> VoucherNotIssued:
    at = voucher.redeemed_at or voucher.voided_at
    return VoucherNotIssued(voucher.status, at)


def _line(call: Call, voucher: Voucher) -> str:
    return call.text(
        "list.line",
        reference=voucher.reference,
        amount=amount_of(voucher),
        status=call.text(f"status.{status_of(voucher)}"),
        expires=date_of(voucher.expires_at, call.context.language),
    )


def _facts(voucher: Voucher) -> dict[str, str]:
    return {
        "reference": voucher.reference,
        "amount": amount_of(voucher),
        "status": status_of(voucher),
    }


_VOUCHER = {"type": ["string", "null"]}
REDEEM_VOUCHER = Tool(
    name="redeem_voucher",
    description=(
        "Redeem a voucher, named by '[code 1]' or its reference (null: the customer's "
        "only one), at a station that the person named (null for station staff)."
    ),
    parameters=strict_object(voucher=_VOUCHER, station={"type": ["string", "null"]}),
    handler=redeem_voucher,
    is_write=True,
)
VOID_VOUCHER = Tool(
    name="void_voucher",
    description=(
        "Void an issued voucher, named by its reference or '[code 1]', with the reason "
        "that the person gave; ask for the reason when there is none."
    ),
    parameters=strict_object(voucher=_VOUCHER, reason={"type": "string"}),
    handler=void_voucher,
    is_write=True,
)
LIST_VOUCHERS = Tool(
    name="list_vouchers",
    description="List the talking person's own vouchers.",
    parameters=strict_object(),
    handler=list_vouchers,
)

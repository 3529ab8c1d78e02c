from __future__ import annotations

from typing import TYPE_CHECKING

from agents.content import opening
from agents.core.handoffs import open_handoff, waits_for_colleague
from agents.models import HandOff
from agents.tools.arguments import (
    VoucherNotNamed,
    amount_of,
    find_voucher,
    name_of,
    number_of,
    status_of,
)
from agents.tools.authority import Reach, may_act_on
from agents.tools.base import Effect, Tool, ToolResult, done, strict_object
from easymo.observability.privacy import mask_msisdn
from vouchers import msisdn as numbers
from vouchers.services import guesses, profiles

if TYPE_CHECKING:
    from agents.tools.base import Call
    from vouchers.models import Profile


def lookup_customer(call: Call) -> ToolResult:
    """Look up a customer, within the reach of the person who asks."""
    if call.rule.reach is Reach.OWN:
        return _look_up_self(call)
    if call.arguments.get("voucher"):
        return _look_up_owner(call)
    if call.rule.reach is Reach.CODE_IN_HAND:
        return call.refused("voucher_needed", "A code in hand is needed.", "ask.code")
    return _look_up_number(call)


def _look_up_self(call: Call) -> ToolResult:
    """Show the person their own record; refuse any other number."""
    asked = call.arguments.get("msisdn")
    if call.arguments.get("voucher") or (asked and not _is_own(call.profile, asked)):
        return call.refused(
            "forbidden", "Customers can look up themselves only.", "refused.forbidden"
        )
    return _found(call, call.profile, "lookup.self")


def _look_up_owner(call: Call) -> ToolResult:
    try:
        voucher = find_voucher(call).voucher
    except VoucherNotNamed:
        return call.refused("voucher_needed", "No such code is in hand.", "ask.code")
    language = call.context.language
    display = call.text(
        "lookup.code",
        reference=voucher.reference,
        amount=amount_of(voucher),
        status=call.text(f"status.{status_of(voucher)}"),
        name=voucher.owner.name,
        msisdn=number_of(voucher.owner, language),
    )
    return done(
        display,
        exists=True,
        name=name_of(voucher.owner, language),
        msisdn=number_of(voucher.owner, language),
        reference=voucher.reference,
        amount=amount_of(voucher),
        status=status_of(voucher),
    )


def _look_up_number(call: Call) -> ToolResult:
    asked = call.arguments.get("msisdn")
    if not asked:
        return call.refused("number_needed", "Name a number.", "ask.number")
    try:
        number = numbers.parse(asked)
    except numbers.InvalidMsisdn:
        return call.refused(
            "invalid_number", "This is no valid number.", "refused.invalid_number"
        )
    guesses.check_unknown(actor=call.actor)
    found = profiles.lookup(msisdn=number)
    if found is None or not may_act_on(call.profile, found, spends=False):
        guesses.count_unknown(actor=call.actor)
        masked = mask_msisdn(number)
        return done(call.text("lookup.unknown", msisdn=masked), exists=False)
    return _found(call, found, "lookup.found")


def _found(call: Call, profile: Profile, key: str) -> ToolResult:
    name = name_of(profile, call.context.language)
    msisdn = number_of(profile, call.context.language)
    display = call.text(key, name=profile.name, msisdn=msisdn)
    return done(display, exists=True, name=name, msisdn=msisdn)


def _is_own(profile: Profile, asked: object) -> bool:
    try:
        return numbers.parse(asked) == profile.msisdn
    except numbers.InvalidMsisdn:
        return False


LOOKUP_CUSTOMER = Tool(
    name="lookup_customer",
    description=(
        "Look up a customer by telephone number, or the owner of a voucher by "
        "'[code 1]' or reference. Customers may look up themselves only (both null). "
        "Numbers come back masked."
    ),
    parameters=strict_object(
        msisdn={"type": ["string", "null"]}, voucher={"type": ["string", "null"]}
    ),
    handler=lookup_customer,
)


# Shown in the admin; the words of the model could contain personal data.
_REASONS = {
    "asked_for_a_person": "The customer asked for a person.",
    "complaint": "The customer has a complaint.",
    "cannot_help": "The agent could not help.",
    "number_changed": "The customer says that their number changed.",
}


def hand_off(call: Call) -> ToolResult:
    """Open a handoff: the conversation waits for a person.

    A caller is put through instead; the call opens a task where that fails.
    """
    if call.context.channel == "voice":
        return done(call.text("phone.transfer"), effect=Effect("hand_off"))
    already_waits = waits_for_colleague(call.profile)
    reason = str(call.arguments.get("reason"))
    open_handoff(
        kind=HandOff.Kind.ASKED,
        profile=call.profile,
        conversation=call.context.conversation,
        reason=_REASONS.get(reason, _REASONS["asked_for_a_person"]),
    )
    key = "colleague.queue" if already_waits else _text_of(reason)
    context = call.context
    text = opening.with_notice(
        call.text(key), context.content, context.language, context.now()
    )
    return done(text, already_waits=already_waits, effect=Effect("hand_off"))


def _text_of(reason: str) -> str:
    return "answer.number_changed" if reason == "number_changed" else "hand_over"


HAND_OFF = Tool(
    name="hand_off",
    description=(
        "Pass the conversation to a colleague: when asked for a person, on a "
        "complaint, on a changed phone number, or when you cannot help."
    ),
    parameters=strict_object(reason={"type": "string", "enum": list(_REASONS)}),
    handler=hand_off,
)

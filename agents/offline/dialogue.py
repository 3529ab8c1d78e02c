"""Decide the next step: which text to send, or which tool to call. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.language.phrases import is_voucher_word, words_of
from agents.offline import topics
from agents.offline.doubt import Doubt
from agents.offline.follow_up import (
    CONFIRM,
    UNCLEAR,
    Draft,
    complete,
    is_no_answer,
)
from agents.offline.grammar import CHANGES, Intent, Understood, is_only_slots
from agents.offline.reading import read as understand
from agents.offline.slots import Slots
from agents.offline.steps import TOOLS, Answer, Call, Situation, beside
from agents.offline.undo import Undo, asks_to_undo

if TYPE_CHECKING:
    from collections.abc import Callable


_TRIES = 3


def next_step(text: str, *, situation: Situation, draft: Draft | None) -> Answer | Call:
    """Return the next step, from the messages and the request that was incomplete."""
    if undo := undo_in(text, situation):
        return _undo(undo, situation)
    if draft and (completed := complete(text, draft)):
        return _continue(completed, situation)
    read = understand(text)
    if topic := topics.asked(text, read, situation.topics):
        return beside(draft, _topic(topic, situation))
    if draft and is_no_answer(text, read, draft):
        return _continue(draft, situation)
    return beside(draft, _afresh(read, situation, draft))


def _afresh(
    read: Understood, situation: Situation, draft: Draft | None
) -> Answer | Call:
    """Return the step for a message that is not the answer to a question."""
    if draft and draft.intent == UNCLEAR:
        read = _with_earlier_values(read, draft)
    if read.intent in CHANGES:
        return _change(read, situation)
    if read.intent is Intent.UNCLEAR:
        return _unclear(read, situation, draft)
    return _SIMPLE[read.intent](read, situation)


def undo_in(text: str, situation: Situation) -> Undo | None:
    """Return the request to take a redemption back, of a person who may ask for it."""
    undo = asks_to_undo(text) if TOOLS["reverse"] in situation.tools else None
    is_named = undo is not None and undo.slots.has_voucher
    # "Undo" beside a question that waits is an answer to it.
    return None if situation.has_pending and not is_named else undo


def _undo(undo: Undo, situation: Situation) -> Answer | Call:
    draft = Draft("reverse", voucher=undo.slots.voucher, reason=undo.reason)
    if undo.slots.mistyped_code:
        return Answer("refused.mistyped_code", replace(draft, asked="voucher"))
    return _continue(draft, situation)


def _with_earlier_values(read: Understood, draft: Draft) -> Understood:
    """Add the values of the message that was not clear: "0788 ... 5000", "create"."""
    slots = read.slots
    if draft.amount is not None and not (slots.amounts or slots.amount_unclear):
        slots = replace(slots, amounts=(draft.amount,), amount_in_words=True)
    if draft.number and not (slots.numbers or slots.number_unclear):
        slots = replace(slots, numbers=(draft.number,))
    if draft.voucher and not slots.has_voucher:
        slots = replace(slots, references=(draft.voucher,))
    return replace(read, slots=slots)


def _change(read: Understood, situation: Situation) -> Answer | Call:
    if read.doubt is Doubt.STOP:
        return Answer("answer.nothing_done")
    if situation.restricted:
        return Answer("restricted")
    slots = read.slots
    is_unsure = read.doubt is Doubt.UNSURE
    if is_unsure and read.intent is not Intent.CREATE:
        return Answer("answer.nothing_done")
    draft = Draft(
        intent=read.intent.value,
        # "5000 or 6000", "about 5000": the amount may be the uncertain part.
        amount=None if is_unsure and slots.number else slots.amount,
        number=slots.number,
        voucher=slots.voucher,
        station=read.station,
        reason=read.reason,
    )
    return _continue(draft, situation, read)


def _continue(
    draft: Draft, situation: Situation, read: Understood | None = None
) -> Answer | Call:
    """Call the tool when the request is complete, else ask for a missing part."""
    tool = TOOLS[draft.intent]
    if draft.intent in _WRITES and situation.restricted:
        return Answer("restricted")
    if tool not in situation.tools:
        is_void_at_station = (draft.intent, situation.role) == ("void", "station")
        return Answer(
            "refused.void_at_station" if is_void_at_station else "refused.forbidden"
        )
    missing = _missing(draft, situation, read)
    if missing is None:
        return call_of(draft)
    asked, key = missing
    if draft.tries >= _TRIES:
        return _to_person(situation)
    again = replace(draft, asked=asked, tries=draft.tries + 1)
    return _asking(key, again)


_WRITES = frozenset({"create", "redeem", "void", "reverse"})


def _asking(key: str, draft: Draft) -> Answer:
    """Ask for a part, and show what was understood so far."""
    values = shown_values(draft)
    name, fuller = _SHOWN_BESIDE.get(key, ("", ""))
    if name in values:
        return Answer(fuller, draft, {name: values[name]})
    return Answer(key, draft)


# The value that is shown, and the text that shows it.
_SHOWN_BESIDE = {
    "ask.number": ("amount", "ask.number_of"),
    "ask.amount": ("number", "ask.amount_for"),
    "ask.station": ("reference", "ask.station_for"),
    "ask.reason": ("reference", "ask.reason_for"),
}


def shown_values(draft: Draft) -> dict[str, str]:
    """Return what the draft holds, as the person reads it."""
    values = {}
    if draft.amount is not None:
        values["amount"] = f"RWF {draft.amount:,}"
    if draft.number:
        values["number"] = draft.number
    if draft.voucher and not draft.voucher.startswith("["):
        values["reference"] = draft.voucher
    return values


def _to_person(situation: Situation) -> Answer | Call:
    if "hand_off" not in situation.tools:
        return Answer("ask.intent")
    return Call("hand_off", {"reason": "cannot_help"})


def call_of(draft: Draft) -> Call:
    """Return the call of a request as it is; the tool asks for what is missing."""
    return Call(TOOLS[draft.intent], _ARGUMENTS[draft.intent](draft))


def _missing(
    draft: Draft, situation: Situation, read: Understood | None
) -> tuple[str, str] | None:
    """Return the missing part and the text that asks for it, or None."""
    slots = read.slots if read else Slots()
    if slots.mistyped_code:
        return "voucher", "refused.mistyped_code"
    match draft.intent:
        case "create":
            return _missing_to_create(draft, slots)
        case "redeem":
            return _missing_to_redeem(draft, situation)
        case "void":
            return _missing_to_void(draft)
    return None


def _missing_to_create(draft: Draft, slots: Slots) -> tuple[str, str] | None:
    if draft.amount is None:
        is_given = bool(slots.amounts or slots.amount_unclear)
        return "amount", "ask.amount_plain" if is_given else "ask.amount"
    if draft.number is None:
        is_given = bool(slots.numbers or slots.number_unclear)
        return "number", "ask.number_plain" if is_given else "ask.number"
    return None


def _missing_to_void(draft: Draft) -> tuple[str, str] | None:
    if draft.voucher is None:
        return "voucher", "ask.voucher"
    return None if draft.reason or _is_code(draft) else ("reason", "ask.reason")


def _missing_to_redeem(draft: Draft, situation: Situation) -> tuple[str, str] | None:
    is_station = situation.role == "station"
    if draft.voucher is None and situation.role != "customer":
        if not is_station and draft.station is None:
            return "code_and_station", "ask.code_and_station"
        return "code", "ask.code"
    if draft.station is None and not is_station and not _is_code(draft):
        return "station", "ask.station"
    return None


def _is_code(draft: Draft) -> bool:
    """Tell whether the draft names a code: then the tool asks for the other parts."""
    return bool(draft.voucher and draft.voucher.startswith("["))


def _lookup(read: Understood, situation: Situation) -> Answer | Call:
    slots = read.slots
    if slots.mistyped_code:
        return Answer("refused.mistyped_code")
    if "lookup_customer" not in situation.tools:
        return Answer("refused.forbidden")
    arguments = {"msisdn": slots.number, "voucher": slots.voucher}
    if slots.number or slots.voucher or situation.role == "customer":
        return Call("lookup_customer", arguments)
    if situation.role == "station":
        return Answer("ask.code", Draft("lookup", asked="voucher"))
    is_given = bool(slots.numbers or slots.number_unclear)
    key = "ask.number_plain" if is_given else "ask.number"
    return Answer(key, Draft("lookup", asked="number"))


def _topic(topic: str, situation: Situation) -> Answer | Call:
    return _call_if_offered(situation, "answer_question", topic=topic)


def _validity(situation: Situation) -> Answer | Call:
    """Show the dates of a customer's vouchers, and to others the general rule."""
    if situation.role != "customer" or "list_vouchers" not in situation.tools:
        return _topic("validity", situation)
    return Call("list_vouchers")


def _resend(read: Understood, situation: Situation) -> Answer | Call:
    if situation.restricted:
        return Answer("restricted")
    return _call_if_offered(situation, "resend_code", voucher=read.slots.voucher)


def _call_if_offered(
    situation: Situation, tool: str, **arguments: str | None
) -> Answer | Call:
    if tool not in situation.tools:
        return Answer("refused.forbidden")
    return Call(tool, dict(arguments))


def _press_button_or(key: str, situation: Situation) -> Answer:
    return Answer("answer.press_button" if situation.has_pending else key)


def _unclear(
    read: Understood, situation: Situation, draft: Draft | None = None
) -> Answer | Call:
    """Look up a number without other words; with an amount, ask what is meant."""
    slots = read.slots
    if is_only_slots(slots) and "lookup_customer" in situation.tools:
        has_amount = bool(slots.amounts or slots.amount_unclear)
        may_create = "create_voucher" in situation.tools and not situation.restricted
        if has_amount and slots.number and may_create and read.doubt is Doubt.NONE:
            return _create_or_offer(slots)
        is_lone = not (has_amount or slots.codes or slots.references)
        if is_lone and slots.number and situation.role in {"staff", "support"}:
            return Call("lookup_customer", {"msisdn": slots.number, "voucher": None})
        if slots.codes and not slots.numbers:
            is_customer = situation.role == "customer"
            return Answer("ask.code_customer" if is_customer else "ask.code_alone")
    if read.doubt is Doubt.STOP and slots.has_any:
        return Answer("answer.nothing_done")
    return _ask_what(read, situation, draft)


def _ask_what(
    read: Understood, situation: Situation, draft: Draft | None
) -> Answer | Call:
    """Ask what is meant: openly, then by two buttons, then hand over to a person."""
    slots = read.slots
    tries = draft.tries if draft and draft.intent == UNCLEAR else 0
    again = Draft(
        UNCLEAR,
        asked="intent",
        amount=slots.amount,
        number=slots.number,
        voucher=slots.references[0] if len(slots.references) == 1 else None,
        tries=tries + 1,
    )
    if tries >= 2 and not situation.restricted:
        return _to_person(situation)
    if tries:
        return Answer("ask.choice", again, choices=_choices(read, situation))
    values = shown_values(again)
    if values:
        shown = ", ".join(values.values())
        return Answer("ask.intent_with", again, {"values": shown})
    return Answer("ask.intent", again)


def _choices(read: Understood, situation: Situation) -> tuple[str, ...]:
    """Return the buttons of the two likeliest requests that the person may make."""
    usual = _USUAL[situation.texts_role]
    offered = [
        intent
        for intent in dict.fromkeys((*read.likely, *usual))
        if f"choice.{intent}" in _CHOICE_KEYS
        and TOOLS.get(intent, "hand_off") in situation.tools
    ]
    return tuple(f"choice.{intent}" for intent in offered[:2])


_USUAL: dict[str, tuple[Intent, ...]] = {
    "customer": (Intent.LIST, Intent.WHERE),
    "station": (Intent.REDEEM, Intent.LOOKUP),
    "staff": (Intent.CREATE, Intent.LOOKUP),
    "support": (Intent.LOOKUP, Intent.VOID),
}
_CHOICE_KEYS = frozenset(
    f"choice.{intent}"
    for intent in (
        *(Intent.CREATE, Intent.REDEEM, Intent.VOID, Intent.LOOKUP, Intent.LIST),
        *(Intent.WHERE, Intent.HOURS, Intent.VALIDITY, Intent.HOW, Intent.RESEND),
        *(Intent.HELP, Intent.STOP, Intent.PERSON),
    )
)


def _create_or_offer(slots: Slots) -> Answer | Call:
    """Show the confirm button where the text has the word voucher and the values."""
    is_voucher = any(map(is_voucher_word, words_of(slots.rest)))
    if is_voucher and slots.amount is not None:
        draft = Draft("create", amount=slots.amount, number=slots.number)
        return Call("create_voucher", _ARGUMENTS["create"](draft))
    return _offer(slots)


def _offer(slots: Slots) -> Answer:
    """Ask whether to create a voucher; "yes" then leads to the confirm button."""
    draft = Draft("create", amount=slots.amount, number=slots.number)
    if slots.amount is None:
        return Answer("ask.amount_plain", replace(draft, asked="amount"))
    return Answer("ask.create", replace(draft, asked=CONFIRM), shown_values(draft))


_SIMPLE: dict[Intent, Callable[[Understood, Situation], Answer | Call]] = {
    Intent.GREET: lambda _, situation: Answer(f"greeting.{situation.texts_role}"),
    Intent.THANKS: lambda _, situation: _press_button_or("answer.thanks", situation),
    Intent.BYE: lambda _, __: Answer("answer.bye"),
    Intent.HELP: lambda _, situation: Answer(f"help.{situation.texts_role}"),
    Intent.YES: lambda _, situation: _press_button_or(
        "answer.nothing_waits", situation
    ),
    Intent.NO: lambda _, situation: _press_button_or("answer.cancelled", situation),
    Intent.PERSON: lambda _, situation: _call_if_offered(
        situation, "hand_off", reason="asked_for_a_person"
    ),
    Intent.LOOKUP: _lookup,
    Intent.LIST: lambda _, situation: _call_if_offered(situation, "list_vouchers"),
    Intent.SEVERAL: lambda _, __: Answer("ask.one_thing"),
    Intent.WHERE: lambda read, situation: _call_if_offered(
        situation, "list_stations", near=read.place
    ),
    Intent.HOURS: lambda _, situation: _topic("hours", situation),
    Intent.HOW: lambda _, situation: _topic("how_it_works", situation),
    Intent.VALIDITY: lambda _, situation: _validity(situation),
    Intent.RESEND: _resend,
    Intent.NUMBER_CHANGED: lambda _, situation: _call_if_offered(
        situation, "hand_off", reason="number_changed"
    ),
    Intent.OFF_TOPIC: lambda _, __: Answer("answer.off_topic"),
    Intent.STOP: lambda _, __: Answer("ask.stop", choices=("choice.stop",)),
    Intent.START: lambda _, __: Answer("ask.start", choices=("choice.start",)),
}
_ARGUMENTS: dict[str, Callable[[Draft], dict[str, Any]]] = {
    "create": lambda d: {
        "customer_msisdn": d.number,
        "amount": d.amount,
        "currency": None,
    },
    "redeem": lambda d: {"voucher": d.voucher, "station": d.station},
    "void": lambda d: {"voucher": d.voucher, "reason": d.reason or ""},
    "reverse": lambda d: {"voucher": d.voucher, "reason": d.reason or ""},
    "lookup": lambda d: {"msisdn": d.number, "voucher": d.voucher},
    "resend": lambda d: {"voucher": d.voucher},
}

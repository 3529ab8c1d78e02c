"""Explain what the offline model makes of a sentence. Reads and writes no rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from agents.content import answers
from agents.content.document import BUILT_IN
from agents.core.code_redaction import replace_codes
from agents.identity.consent import parse_consent_command
from agents.language import texts
from agents.language.choice import DEFAULT
from agents.language.detection import clear_language, detect_language
from agents.offline.dialogue import next_step, undo_in
from agents.offline.grammar import Intent
from agents.offline.reading import read
from agents.offline.steps import TOOLS, Answer, Call, Situation
from agents.tools import authority
from agents.tools.plain_request import asks_to_issue, asks_to_redeem
from agents.tools.registry import BY_NAME
from vouchers.models import Profile

if TYPE_CHECKING:
    from agents.content.document import Content
    from agents.offline.grammar import Understood

ROLES = tuple(role.value for role in Profile.Role)
NAMES = {
    Intent.CREATE: "create_voucher",
    Intent.REDEEM: "redeem_voucher",
    Intent.VOID: "void_voucher",
    Intent.LOOKUP: "lookup_customer",
    Intent.LIST: "list_vouchers",
    Intent.PERSON: "hand_off",
    Intent.NUMBER_CHANGED: "hand_off",
    Intent.RESEND: "resend_code",
    Intent.HOW: "help",
    Intent.BYE: "thanks",
    Intent.UNCLEAR: "none",
    Intent.SEVERAL: "none",
    Intent.OFF_TOPIC: "none",
}
_WRITES = frozenset(name for name, tool in BY_NAME.items() if tool.is_write)
_NEED_REASON = frozenset({"void_voucher", "reverse_redemption"})
# What stands for a value that only a row knows.
_UNKNOWN = "…"


def explain(
    text: str, *, role: str = Profile.Role.CUSTOMER, content: Content = BUILT_IN
) -> dict[str, Any]:
    """Return intent, slots, outcome and reply, as `manage.py understand` prints them.

    `content` is what operators wrote, for the answers to questions.
    """
    (redacted,), codes = replace_codes([text], newest=0)
    language = clear_language([redacted]) or detect_language([redacted]) or DEFAULT
    found = read(redacted)
    if command := parse_consent_command(redacted):
        key = "consent.stopped" if command.word == "stop" else "consent.started"
        intent, outcome = str(command.word), "acts"
        language = command.language or language
        reply = texts.render(key, language)
    else:
        situation = situation_of(role, content)
        step = next_step(redacted, situation=situation, draft=None)
        undo = undo_in(redacted, situation)
        if undo is not None:
            found = replace(
                found, intent=Intent.VOID, slots=undo.slots, reason=undo.reason
            )
        intent = _intent(step, found)
        outcome = _outcome(step, redacted, role, found)
        reply = _reply(step, outcome, language, content)
    slots = found.slots
    has_one_code = len(slots.codes) == 1 and slots.codes[0] <= len(codes)
    return {
        "text": text,
        "role": role,
        "intent": intent,
        "slots": {
            "customer_msisdn": slots.number,
            "amount": slots.amount,
            "code": codes[slots.codes[0] - 1] if has_one_code else None,
            "reference": slots.references[0] if len(slots.references) == 1 else None,
            "station": found.station,
            "reason": found.reason,
        },
        "outcome": outcome,
        "reply": reply,
        "language": language,
    }


def situation_of(role: str, content: Content = BUILT_IN) -> Situation:
    """Return the situation of a person in this role, with all features on."""
    return Situation(
        role,
        frozenset(
            name for name in BY_NAME if authority.may_call(Profile.Role(role), name)
        ),
        topics=answers.askable(content),
    )


def _intent(step: Answer | Call, found: Understood) -> str:
    if isinstance(step, Call) and step.tool == "reverse_redemption":
        # The nearest of the documented intents.
        return NAMES[Intent.VOID]
    if isinstance(step, Call) and step.tool in TOOLS.values():
        return step.tool if found.intent is not Intent.VALIDITY else "validity"
    if isinstance(step, Answer) and step.key in _NO_INTENT:
        return "none"
    return NAMES.get(found.intent, str(found.intent))


def _outcome(step: Answer | Call, text: str, role: str, found: Understood) -> str:
    if isinstance(step, Answer):
        return _outcome_of_text(step.key)
    if step.tool == "hand_off":
        return "hands_off"
    if step.tool not in _WRITES:
        return "answers"
    needs_station = step.tool == "redeem_voucher" and role != Profile.Role.STATION
    if needs_station and not step.arguments["station"]:
        return "asks"
    if step.tool in _NEED_REASON and not step.arguments["reason"]:
        return "asks"
    return "acts" if _acts(step, text, role, found) else "button"


def _outcome_of_text(key: str) -> str:
    if key in {"ask.stop", "ask.start"}:
        return "button"
    if key.startswith("ask.") or key in {"answer.nothing_done", _MISTYPED}:
        return "asks"
    is_refusal = key.startswith("refused.") or key == "answer.off_topic"
    return "refuses" if is_refusal else "answers"


_MISTYPED = "refused.mistyped_code"
# What was asked for is not taken as a request.
_NO_INTENT = frozenset({"ask.create", "answer.nothing_done"})


def _acts(step: Call, text: str, role: str, found: Understood) -> bool:
    """Tell whether the tool acts without a button: by the person's words only."""
    rule = authority.rule_of(Profile.Role(role), step.tool)
    if rule is None or rule.button is not authority.Button.UNLESS_OWN_WORDS:
        return False
    if step.tool == "create_voucher":
        amount, number = step.arguments["amount"], step.arguments["customer_msisdn"]
        is_small = amount <= settings.VOUCHER_CONFIRM_ABOVE
        return is_small and asks_to_issue([text], amount=amount, msisdn=number)
    station = step.arguments["station"]
    return len(found.slots.codes) == 1 and asks_to_redeem(
        [text],
        placeholder=found.slots.codes[0],
        owner=found.slots.number or "",
        station=(station,) if station else (),
        must_name_station=rule.station is not authority.StationRule.OWN_STATION,
    )


def _reply(step: Answer | Call, outcome: str, language: str, content: Content) -> str:
    """Return the text, with a sign for each value that only a row knows."""
    if isinstance(step, Answer):
        return texts.render(step.key, language, **step.values)
    given = step.arguments
    if step.tool == "answer_question":
        return answers.answer(content, given["topic"], language, timezone.now())
    amount = given.get("amount")
    values = {
        "amount": f"RWF {amount:,}" if amount else _UNKNOWN,
        "msisdn": given.get("customer_msisdn") or given.get("msisdn") or _UNKNOWN,
        "reference": given.get("voucher") or _UNKNOWN,
        "station": given.get("station") or _UNKNOWN,
        "reason": given.get("reason") or _UNKNOWN,
        "name": "",
        "days": settings.VOUCHER_VALID_DAYS,
        **dict.fromkeys(("code", "expires", "at"), _UNKNOWN),
    }
    reply = texts.render(_key_of(step, outcome), language, **values)
    if step.tool == "list_stations":
        note = answers.own_text(content, "where", language)
        return "\n\n".join(filter(None, (reply, note)))
    return reply


def _key_of(step: Call, outcome: str) -> str:
    if step.tool == "hand_off":
        is_number = step.arguments["reason"] == "number_changed"
        return "answer.number_changed" if is_number else "hand_over"
    return _KEYS.get((step.tool, outcome)) or _KEYS[step.tool, ""]


_KEYS = {
    ("create_voucher", "acts"): "receipt.issue",
    ("create_voucher", ""): "confirm.create",
    ("redeem_voucher", "acts"): "receipt.redeem",
    ("redeem_voucher", "asks"): "ask.station",
    ("redeem_voucher", ""): "confirm.redeem",
    ("void_voucher", "asks"): "ask.reason",
    ("void_voucher", ""): "confirm.void",
    ("reverse_redemption", "asks"): "ask.undo_reason",
    ("reverse_redemption", ""): "confirm.undo",
    ("resend_code", ""): "confirm.resend",
    ("lookup_customer", ""): "lookup.found",
    ("list_vouchers", ""): "list.header",
    ("list_stations", ""): "stations.header",
}

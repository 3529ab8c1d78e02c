"""The Graph API's error codes: what each refusal is about, and what to do then.

Meta recommends deciding by ``code``, neither by the HTTP status nor by the title. An
answer without a documented code concerns its own message only. The documented codes and
their sources: docs/whatsapp-errors.md.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Scope(StrEnum):
    """What a refusal is about."""

    TRANSIENT = "transient"
    PERSON = "person"
    MESSAGE = "message"
    TEMPLATE = "template"
    NUMBER = "number"
    # Every number of the account, and the access token.
    ACCOUNT = "account"


class Action(StrEnum):
    """What to do with the message and with its sender."""

    # Retry with growing pauses.
    RETRY = "retry"
    # Not documented: retry this message with growing pauses.
    UNKNOWN = "unknown"
    # Retry later, and delay all messages of the number or account.
    SLOW = "slow"
    # Retry later for this recipient only.
    PAIR = "pair"
    # The 24-hour window is closed.
    WINDOW = "window"
    # This person cannot be reached: tell a colleague.
    PERSON = "person"
    # The number or account must not send at all: open its circuit breaker.
    STOP = "stop"
    # The template cannot be used: tell a colleague and the contacts.
    TEMPLATE = "template"
    # Meta does not accept the request.
    BUG = "bug"
    # The answer was lost twice: the customer may have received the message.
    LOST = "lost"


class Rule(NamedTuple):
    scope: Scope
    action: Action


CODES: dict[Rule, tuple[int, ...]] = {
    Rule(Scope.TRANSIENT, Action.RETRY): (
        *(1, 2, 131000, 131016, 131036, 131057, 133004, 133016, 134101),
    ),
    Rule(Scope.PERSON, Action.PAIR): (131056,),
    Rule(Scope.PERSON, Action.WINDOW): (131047,),
    Rule(Scope.PERSON, Action.PERSON): (
        *(130472, 130497, 131021, 131026, 131030, 131049, 131050, 131062, 131203),
        137000,
    ),
    Rule(Scope.NUMBER, Action.SLOW): (130429,),
    Rule(Scope.NUMBER, Action.STOP): (
        *(33, 131037, 131045, 131048),
        *(133000, 133005, 133006, 133008, 133009, 133010, 133015),
    ),
    Rule(Scope.ACCOUNT, Action.SLOW): (4, 17, 32, 341, 613, 80007, 80008),
    Rule(Scope.ACCOUNT, Action.STOP): (
        *(0, 3, 10, 102, 190, 368, *range(200, 300)),
        *(131005, 131031, 131042, 131044, 131064),
    ),
    Rule(Scope.TEMPLATE, Action.TEMPLATE): (
        *(131063, 132000, 132001, 132007, 132015, 132016, 134100, 134102, 134103),
    ),
    Rule(Scope.MESSAGE, Action.BUG): (
        *(100, 506, 131008, 131009, 131035, 131051, 131052, 131053, 131055),
        *(131059, 131060, 134011, 135000),
        *(132005, 132008, 132012, 132018, 132068, 132069),
        # Groups, calls, flows, blocking, user names and the management of templates,
        # numbers and accounts: never an answer to our messages.
        *(131020, 131041, 131201, 131202, 131204, *range(131207, 131216)),
        *(*range(138000, 138008), 138009, *range(138011, 138016)),
        *range(138017, 138026),
        *(*range(139000, 139005), *range(139100, 139104), *range(147001, 147006)),
        *(1752041, 2388001, 2388012, 2388019, 2388040, 2388047, 2388072, 2388073),
        *(2388091, 2388093, 2388103, 2388293, 2388299, 2494055, 2494100),
        *(2494164, 2494165, 2494166, 2494167, 2494168, 2494176, 2494177, 2494179),
        *(2593079, 2593085, 2593107, 2593108),
    ),
}
RULES = {code: rule for rule, codes in CODES.items() for code in codes}
# (code, subcode): "Object with ID … does not exist, or lacks permissions" is about the
# phone number id of the request.
SUBCODES = {(100, 33): Rule(Scope.NUMBER, Action.STOP)}
UNKNOWN = Rule(Scope.MESSAGE, Action.UNKNOWN)
# Of several errors, one of these decides.
WIDE = frozenset({Scope.NUMBER, Scope.ACCOUNT})

# Codes without a text have the text of their rule.
TEXTS: dict[int, str] = {
    0: "The access token is not accepted",
    3: "The app lacks a capability or permission",
    10: "The app lacks a permission for this number",
    33: "The phone number id does not exist or was deleted",
    102: "The access token is not accepted",
    190: "The access token has expired or was revoked",
    368: "WhatsApp blocked the account for violating its rules",
    130497: "The account may not write to people in this country",
    131005: "The token lacks a permission for this number",
    131031: "WhatsApp locked or restricted the account",
    131037: "The display name of the number is not approved",
    131042: "WhatsApp reports a payment problem of the account",
    131045: "The number is not registered for the Cloud API",
    131048: "WhatsApp limits the number: too many people block or report it",
    131064: "WhatsApp limits what the account can send",
    131021: "The recipient is our own number",
    131026: "The person is not on WhatsApp, or uses an old version",
    131030: "A test number may write to listed recipients only",
    131049: "WhatsApp delivers no such messages to this person at present",
    131050: "The person does not want such messages",
    131062: "This message needs a phone number, and only a user id is known",
    131203: "The person has not accepted WhatsApp's terms",
    130472: "WhatsApp does not deliver because of an experiment",
    132000: "The template has another number of parameters",
    132001: "The template does not exist in this language, or is not approved",
    132007: "The template violates WhatsApp's rules",
    132015: "The template is paused because of its quality",
    132016: "The template was disabled because of its quality",
    133010: "The number is not registered on WhatsApp",
    137000: "The person's device changed since the number was verified",
}
TEXTS_BY_RULE: dict[Rule, str] = {
    Rule(Scope.TRANSIENT, Action.RETRY): "WhatsApp could not process the message",
    Rule(Scope.PERSON, Action.PAIR): "Too many messages to one person",
    Rule(Scope.PERSON, Action.WINDOW): "The 24-hour window is closed",
    Rule(Scope.PERSON, Action.PERSON): "The person cannot be reached",
    Rule(Scope.NUMBER, Action.SLOW): "Our number exceeded its sending rate",
    Rule(Scope.NUMBER, Action.STOP): "The registration of the number is incomplete",
    Rule(Scope.ACCOUNT, Action.SLOW): "The account exceeded its sending rate",
    Rule(Scope.ACCOUNT, Action.STOP): "The account lacks a permission to send",
    Rule(Scope.TEMPLATE, Action.TEMPLATE): "The template cannot be used",
    Rule(Scope.MESSAGE, Action.BUG): "WhatsApp does not accept the message",
    UNKNOWN: "WhatsApp refused the message for a reason that is not documented",
}
# Our own codes.
NO_ADDRESS = "no_address"
ANSWER_LOST = "answer_lost"
NO_CONNECTION = "no_connection"
OWN_RULES = {
    NO_ADDRESS: Rule(Scope.PERSON, Action.PERSON),
    ANSWER_LOST: Rule(Scope.MESSAGE, Action.LOST),
    NO_CONNECTION: Rule(Scope.TRANSIENT, Action.RETRY),
}
OWN_TEXTS = {
    ANSWER_LOST: "The delivery is uncertain: the answer was lost twice",
    NO_ADDRESS: "Neither a number nor a user id is known",
    NO_CONNECTION: "WhatsApp could not be reached",
    "not_arrived": "The message was not delivered within 30 days",
}
# "100" or, with a subcode, "100.33".
STORED = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,10}))?", re.ASCII)


def stored_code(code: int, subcode: int | None = None) -> str:
    """Return the provider's code as it is stored."""
    return f"{code}.{subcode}" if (code, subcode) in SUBCODES else str(code)


def rule_for(code: str) -> Rule:
    """Return what a stored code is about, and what follows."""
    found = STORED.fullmatch(code)
    if found is None:
        return OWN_RULES.get(code, UNKNOWN)
    number = int(found[1])
    if found[2] and (rule := SUBCODES.get((number, int(found[2])))):
        return rule
    return RULES.get(number, UNKNOWN)


def describe(code: str) -> str:
    """Return the meaning of a stored code in one sentence."""
    text = OWN_TEXTS.get(code)
    if text is None and code.isascii() and code.isdigit():
        text = TEXTS.get(int(code[:10]))
    return f"{text or TEXTS_BY_RULE[rule_for(code)]}."


def deciding_code(codes: Sequence[str]) -> str:
    """Return the code of several errors that decides: the one with the widest scope."""
    for code in codes:
        if rule_for(code).scope in WIDE:
            return code
    known = (code for code in codes if rule_for(code) != UNKNOWN)
    return next(known, codes[0] if codes else "")


class TransportError(Exception):
    """The Graph API did not accept the message, or its answer was lost.

    ``unknown_outcome``: the request was sent and its answer lost, so only a status
    webhook can tell whether the message was accepted.
    """

    def __init__(
        self,
        code: str,
        *,
        unknown_outcome: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"The Graph API answered {code}.")
        self.code = code
        self.unknown_outcome = unknown_outcome
        self.retry_after = retry_after

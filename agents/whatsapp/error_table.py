"""The Graph API's error codes: what to do about each, and its text for colleagues.

Meta recommends deciding by ``code``, neither by the HTTP status nor by the title:
developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What to do with the message and with the number that sends it."""

    # Retry with growing pauses.
    RETRY = "retry"
    # Retry later, and delay all messages of our number.
    SLOW = "slow"
    # Retry later for this recipient only.
    PAIR = "pair"
    # The 24-hour window is closed.
    WINDOW = "window"
    # This person cannot be reached: tell a colleague.
    PERSON = "person"
    # Our number must not send at all: open its circuit breaker.
    STOP = "stop"
    # Meta does not accept the request.
    BUG = "bug"


CODES: dict[Action, tuple[int, ...]] = {
    Action.RETRY: (1, 2, 131000, 131016, 131057, 133016),
    Action.SLOW: (4, 80007, 130429),
    Action.PAIR: (131056,),
    Action.WINDOW: (131047,),
    Action.PERSON: (131021, 131026, 131049, 131050, 131062, 130472),
    Action.STOP: (
        *(0, 10, 33, 190, 368, *range(200, 300)),
        *(131005, 131031, 131042, 131045, 131048, 131064),
    ),
    Action.BUG: (
        *(100, 131008, 131009, 131051, 131053, 135000),
        *range(132000, 132017),
    ),
}
ACTIONS = {code: action for action, codes in CODES.items() for code in codes}

# Codes without a text have the text of their action.
TEXTS: dict[int, str] = {
    0: "The access token is not accepted",
    10: "The app lacks a permission for this number",
    33: "The phone number id does not exist or was deleted",
    190: "The access token has expired or was revoked",
    368: "WhatsApp blocked the account for violating its rules",
    131005: "The token lacks a permission for this number",
    131031: "WhatsApp locked or restricted the account",
    131042: "WhatsApp reports a payment problem of the account",
    131045: "The number is not registered for the Cloud API",
    131048: "WhatsApp limits the number: too many people block or report it",
    131064: "WhatsApp limits what the account can send",
    131021: "The recipient is our own number",
    131026: "The person is not on WhatsApp, or uses an old version",
    131049: "WhatsApp delivers no such messages to this person at present",
    131050: "The person does not want such messages",
    131062: "This message needs a phone number, and only a user id is known",
    130472: "WhatsApp does not deliver because of an experiment",
    132000: "The template has another number of parameters",
    132001: "The template does not exist in this language, or is not approved",
    132007: "The template violates WhatsApp's rules",
    132015: "The template is paused because of its quality",
    132016: "The template was disabled because of its quality",
}
TEXTS_BY_ACTION: dict[Action, str] = {
    Action.RETRY: "WhatsApp could not process the message",
    Action.SLOW: "Our number exceeded its sending rate",
    Action.PAIR: "Too many messages to one person",
    Action.WINDOW: "The 24-hour window is closed",
    Action.PERSON: "The person cannot be reached",
    Action.STOP: "The number lacks a permission to send",
    Action.BUG: "WhatsApp does not accept the message",
}
# Our own codes.
NO_ADDRESS = "no_address"
OWN_TEXTS = {
    "answer_lost": "The delivery is uncertain: the answer was lost twice",
    NO_ADDRESS: "Neither a number nor a user id is known",
    "no_connection": "WhatsApp could not be reached",
    "not_arrived": "The message was not delivered within 30 days",
}


def describe(code: str) -> str:
    """Return the meaning of a stored code in one sentence."""
    number, _ = _numbers(code)
    text = OWN_TEXTS.get(code) or TEXTS.get(-1 if number is None else number)
    return f"{text or TEXTS_BY_ACTION[action_of(code)]}."


def action_of(code: str) -> Action:
    """Return the action of a stored code."""
    if code == NO_ADDRESS:
        return Action.PERSON
    return action_for(*_numbers(code))


def _numbers(code: str) -> tuple[int | None, int]:
    """Return the provider's code and the HTTP status of a stored code."""
    number = int(code) if code.isascii() and code.isdigit() else None
    http = code.removeprefix("http_")
    return number, int(http) if http != code and http.isdigit() else 0


def action_for(code: int | None, http_status: int = 0) -> Action:
    """Return the action of a code; of an unknown code by the HTTP status."""
    if code is not None and code in ACTIONS:
        return ACTIONS[code]
    if http_status == 429:
        return Action.SLOW
    if http_status in {401, 403}:
        return Action.STOP
    if http_status >= 500 or http_status == 0:
        return Action.RETRY
    return Action.BUG


class TransportError(Exception):
    """The Graph API did not accept the message, or its answer was lost.

    ``unknown_outcome``: the request was sent and its answer lost, so only a status
    webhook can tell whether the message was accepted.
    """

    def __init__(
        self,
        code: str,
        action: Action,
        *,
        unknown_outcome: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"The Graph API answered {code}.")
        self.code = code
        self.action = action
        self.unknown_outcome = unknown_outcome
        self.retry_after = retry_after

"""What each answer of the Graph API means for a message, as data.

Meta's advice is to build on ``code``, neither on the HTTP status nor on the title:
developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What to do with the message, and with the number that sends it."""

    # Later, with growing pauses.
    RETRY = "retry"
    # Later, and every other message of our number as well.
    SLOW = "slow"
    # Later, for this person only: 4^n seconds.
    PAIR = "pair"
    # The 24-hour window is closed, whatever we believed.
    WINDOW = "window"
    # This person cannot be reached with it: a person of ours has to know.
    PERSON = "person"
    # Our number may not send at all: everything waits, somebody is called.
    STOP = "stop"
    # We sent something that Meta does not understand.
    BUG = "bug"


ACTIONS: dict[int, Action] = {
    1: Action.RETRY,
    2: Action.RETRY,
    131000: Action.RETRY,
    131016: Action.RETRY,
    131057: Action.RETRY,
    133016: Action.RETRY,
    4: Action.SLOW,
    80007: Action.SLOW,
    130429: Action.SLOW,
    131056: Action.PAIR,
    131047: Action.WINDOW,
    131021: Action.PERSON,
    131026: Action.PERSON,
    131049: Action.PERSON,
    131050: Action.PERSON,
    131062: Action.PERSON,
    130472: Action.PERSON,
    0: Action.STOP,
    10: Action.STOP,
    33: Action.STOP,
    190: Action.STOP,
    368: Action.STOP,
    131005: Action.STOP,
    131031: Action.STOP,
    131042: Action.STOP,
    131045: Action.STOP,
    131048: Action.STOP,
    131064: Action.STOP,
    **dict.fromkeys(range(200, 300), Action.STOP),
    100: Action.BUG,
    131008: Action.BUG,
    131009: Action.BUG,
    131051: Action.BUG,
    131053: Action.BUG,
    135000: Action.BUG,
    **dict.fromkeys(range(132000, 132017), Action.BUG),
}

# What an operator or a colleague reads; a code without words goes by its action.
WORDS: dict[int, str] = {
    0: "The access token is not accepted",
    10: "The app lacks a permission for this number",
    33: "The phone number id does not exist, or was deleted",
    190: "The access token has ended or was withdrawn",
    368: "WhatsApp blocked the account for breaking its rules",
    131005: "The token lacks a permission for this number",
    131031: "WhatsApp locked or restricted the account",
    131042: "WhatsApp sees a payment problem of the account",
    131045: "The number is not registered for the Cloud API",
    131048: "WhatsApp limits the number: too many people block or report it",
    131064: "WhatsApp limits what the account may send",
    131021: "It was addressed to our own number",
    131026: "The person is not on WhatsApp, or uses an old version",
    131047: "The 24 hours in which she may be answered are over",
    131049: "WhatsApp holds such messages back from her for now",
    131050: "She does not want such messages",
    131056: "Too many messages to one person",
    131062: "This message needs a phone number, and only a user id is known",
    130429: "Our number sends faster than it may",
    130472: "WhatsApp does not deliver to her: she is part of an experiment",
    132000: "The template has another number of parameters",
    132001: "The template does not exist in this language, or is not approved",
    132007: "The template breaks WhatsApp's rules",
    132015: "The template is paused for its poor quality",
    132016: "The template was disabled for its poor quality",
}
WORDS_OF_ACTION: dict[Action, str] = {
    Action.RETRY: "WhatsApp could not take it",
    Action.SLOW: "Our number sends faster than it may",
    Action.PAIR: "Too many messages to one person",
    Action.WINDOW: "The 24 hours in which she may be answered are over",
    Action.PERSON: "The person cannot be reached with it",
    Action.STOP: "The number lacks a permission to send",
    Action.BUG: "WhatsApp does not understand the message",
}
# Ours, where the provider gave no code.
NO_ADDRESS = "no_address"
OWN_WORDS = {
    "answer_lost": "Nobody knows whether it arrived: its answer was lost twice",
    NO_ADDRESS: "Neither a number nor a user id is known",
    "no_connection": "WhatsApp could not be reached",
    "not_arrived": "It was not delivered within 30 days",
}


def describe(code: str) -> str:
    """Say what a code means, in one sentence."""
    if code in OWN_WORDS:
        return f"{OWN_WORDS[code]}."
    number, _ = _numbers(code)
    if number in WORDS:
        return f"{WORDS[number]}."
    return f"{WORDS_OF_ACTION[action_of(code)]}."


def action_of(code: str) -> Action:
    """Return what a stored code stood for."""
    if code == NO_ADDRESS:
        return Action.PERSON
    return action_for(*_numbers(code))


def _numbers(code: str) -> tuple[int | None, int]:
    """Return the provider's code and the HTTP status that a stored code tells."""
    number = int(code) if code.isascii() and code.isdigit() else None
    http = code.removeprefix("http_")
    return number, int(http) if http != code and http.isdigit() else 0


def action_for(code: int | None, http_status: int = 0) -> Action:
    """Return what to do; an unknown code goes by the HTTP status."""
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
    """The Graph API did not take the message, or did not tell.

    ``unknown_outcome``: the request left and its answer was lost, so that only a
    status webhook can say whether the person has the message.
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

    @property
    def permanent(self) -> bool:
        """Tell whether trying the same message again is of no use."""
        return self.action in {Action.WINDOW, Action.PERSON, Action.BUG}

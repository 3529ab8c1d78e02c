from __future__ import annotations

from easymo.sentences import translatable


class AgentError(Exception):
    """The agent cannot go on; everything committed before stays."""


class LeaseLost(AgentError):
    """Another worker has taken over this turn: nothing more may be written."""


class NewerInput(AgentError):
    """The customer wrote again before anything was done or sent: drop the draft."""


class IdentityRefused(AgentError):
    """No identity was changed; the message says why."""


class TokenError(AgentError):
    """The API token cannot be made, found or revoked; the message says why."""


class HandOffError(AgentError):
    """The colleague's action is not possible; the message says why."""


class WindowClosed(HandOffError):
    """Free text is allowed for 24 hours after the customer's last message."""

    def __init__(self) -> None:
        super().__init__(
            translatable(
                "The 24-hour window is closed: WhatsApp allows only an approved template until the customer writes again."
            )
        )


class OptedOut(HandOffError):
    """After STOP nothing is sent until the customer writes START."""

    def __init__(self) -> None:
        super().__init__(
            translatable(
                "The customer sent STOP: nothing can be sent until they write START."
            )
        )


class PersonErased(HandOffError):
    """The personal data of the customer was erased."""

    def __init__(self) -> None:
        super().__init__(
            translatable("This customer was erased: there is no address to write to.")
        )


class TextRefused(HandOffError):
    """The text cannot be sent as it is."""


class ClaimedByOther(HandOffError):
    """Another colleague has claimed the conversation."""

    def __init__(self, username: str) -> None:
        super().__init__(
            translatable(
                "{username} has claimed this conversation. Nothing was changed.",
                username=username,
            )
        )
        self.username = username


class ResendRefused(HandOffError):
    """The message cannot be sent again."""


class PinError(AgentError):
    """No PIN was set or checked; the message says why."""


class PinRefused(PinError):
    """The PIN is not allowed. `rule` is the key of a fixed text."""

    SENTENCES = {
        "shape": translatable("A PIN has 4 to 6 digits and nothing else."),
        "different": translatable("The two PINs are different."),
        "repeated": translatable(
            "A PIN of repeated digits, like 0000 or 1212, is easy to guess."
        ),
        "sequence": translatable(
            "A PIN of digits in a row, like 1234 or 9876, is easy to guess."
        ),
        "year": translatable(
            "A PIN that looks like a year, like 1990, is easy to guess."
        ),
        "own_number": translatable(
            "A PIN must not be the last digits of the person's own number."
        ),
    }

    def __init__(self, rule: str) -> None:
        super().__init__(
            translatable("{why} Nothing was changed.", why=self.SENTENCES[rule])
        )
        self.rule = rule


class PinNotPossible(PinError):
    """This person cannot have a PIN now; the message says why."""


class PinLinkInvalid(PinError):
    """The link was used, was replaced, has expired, or never existed."""

    def __init__(self) -> None:
        super().__init__(
            translatable("This link is not valid any more. Nothing was changed.")
        )

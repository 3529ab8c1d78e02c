from __future__ import annotations


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
            "The 24-hour window is closed: WhatsApp allows a message again after the "
            "customer has written."
        )


class OptedOut(HandOffError):
    """After STOP nothing is sent until the customer writes START."""

    def __init__(self) -> None:
        super().__init__(
            "The customer sent STOP: nothing can be sent until they write START."
        )


class PersonErased(HandOffError):
    """The personal data of the customer was erased."""

    def __init__(self) -> None:
        super().__init__("This customer was erased: there is no address to write to.")


class TextRefused(HandOffError):
    """The text cannot be sent as it is."""


class ResendRefused(HandOffError):
    """The message cannot be sent again."""

from __future__ import annotations


class AgentError(Exception):
    """The agent could not go on as it wanted; what was committed stands."""


class LeaseLost(AgentError):
    """Another worker took this turn up: nothing more may be written for it here."""


class NewerInput(AgentError):
    """The person wrote on before anything was done or sent: the draft is dropped."""


class IdentityRefused(AgentError):
    """Nobody's names were changed; the sentence says why."""


class TokenError(AgentError):
    """The API token cannot be made, found or revoked; the sentence says why."""


class HandOffError(AgentError):
    """What a colleague wanted cannot be done; the sentence says why."""


class WindowClosed(HandOffError):
    """Free text reaches a person for 24 hours after her last message, and not longer."""

    def __init__(self) -> None:
        super().__init__(
            "The 24-hour window is closed: WhatsApp lets us write again once she has "
            "written."
        )


class OptedOut(HandOffError):
    """After STOP nothing is sent until the person writes START."""

    def __init__(self) -> None:
        super().__init__("She said STOP: nothing may be sent until she writes START.")


class PersonErased(HandOffError):
    """The person was erased: there is nobody to write to."""

    def __init__(self) -> None:
        super().__init__("This person was forgotten: there is nobody to write to.")


class TextRefused(HandOffError):
    """The text may not be sent as it is."""


class ResendRefused(HandOffError):
    """The message cannot be sent again, or not any more."""

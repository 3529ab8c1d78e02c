"""Tools, their calls and their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from django.utils import timezone

from agents.content.document import BUILT_IN, Content
from agents.language import texts
from agents.llm.model import ToolSpec
from vouchers import errors
from vouchers.actors import Actor

if TYPE_CHECKING:
    from uuid import UUID

    from agents.models import Conversation
    from agents.tools.authority import Rule
    from rollout.flags.exposure import Exposure
    from vouchers.actors import Channel
    from vouchers.codes import Code
    from vouchers.models import Profile


Payload = dict[str, Any]
Operation = Literal["issue", "redeem", "void", "reverse", "resend", "hand_off"]
# A request older than this when it would be executed needs the confirm button.
FRESH_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class ToolContext:
    """The person and the turn of a call. The arguments of a call never change it."""

    profile: Profile
    conversation: Conversation
    # The features of this person, read once for the turn.
    exposure: Exposure
    # The idempotency key of the call: "turn:7:0", or "confirm:<id>" for a button or key.
    turn_key: str
    language: str = "en"
    # The messages that the person wrote in this turn, codes replaced by "[code 1]".
    own_text: tuple[str, ...] = ()
    # When the oldest message of this turn was sent, by the provider's clock. None when
    # the turn has anything but typed text, which may contradict it, or is not complete.
    written_at: datetime | None = None
    # The redacted codes: 1 stands for "[code 1]".
    codes: Mapping[int, Code] = field(default_factory=dict)
    channel: str = "whatsapp"
    # On the phone: the caller entered the PIN, or pressed the button in WhatsApp.
    is_verified: bool = False
    # What operators wrote, of the version that this turn uses.
    content: Content = BUILT_IN
    now: Callable[[], datetime] = timezone.now

    @property
    def subject(self) -> str:
        return str(self.profile.public_id)

    @property
    def is_fresh(self) -> bool:
        """Tell whether the person typed the whole turn, and not long ago."""
        written_at = self.written_at
        return written_at is not None and self.now() - written_at <= FRESH_FOR


@dataclass(frozen=True)
class Effect:
    """A change that a call made; the receipt is rendered from the row it names."""

    operation: Operation
    voucher_id: UUID | None = None
    # The same call was executed before; nothing changed now.
    replayed: bool = False


@dataclass(frozen=True)
class Pending:
    """An exact operation that waits for the confirm button."""

    operation: str
    # Resolved: executing them with `confirmed=True` does exactly this operation.
    arguments: Payload
    # The question; its amounts and names are read from rows.
    question: str


@dataclass(frozen=True)
class ToolResult:
    """The payload for the model, the change, and the operation that needs a button."""

    payload: Payload
    effect: Effect | None = None
    pending: Pending | None = None

    @property
    def succeeded(self) -> bool:
        return bool(self.payload.get("success"))

    @property
    def code(self) -> str:
        """The code of the refusal; empty for a success."""
        return str(self.payload.get("code", "")) if not self.succeeded else ""


@dataclass(frozen=True)
class Call:
    """One call, with the rule for this person from the table of authority."""

    arguments: Payload
    context: ToolContext
    rule: Rule
    # The person pressed the button for exactly these arguments.
    is_confirmed: bool

    @property
    def profile(self) -> Profile:
        return self.context.profile

    @property
    def actor(self) -> Actor:
        channel = cast("Channel", self.context.channel)
        return Actor.of_profile(self.profile, channel=channel)

    def text(self, key: str, **values: object) -> str:
        return texts.render(key, self.context.language, **values)

    def refused(self, code: str, error: str, key: str, **facts: object) -> ToolResult:
        """Refuse with a fixed text; `facts` fill the text and the payload."""
        return refused(code, error, self.text(key, **facts), **facts)


Handler = Callable[[Call], ToolResult]


@dataclass(frozen=True)
class Tool:
    """A tool that the model may call."""

    name: str
    description: str
    # A strict JSON schema: every property required, nothing else allowed.
    parameters: Payload
    handler: Handler
    is_write: bool = False
    # Description and parameters that depend on what operators wrote.
    adapted: Callable[[Content], ToolSpec] | None = None

    def spec(self, content: Content) -> ToolSpec:
        """Return the tool as the model sees it."""
        if self.adapted is not None:
            return self.adapted(content)
        return ToolSpec(self.name, self.description, self.parameters)


def strict_object(**properties: Payload) -> Payload:
    """Return the strict schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def done(display: str, *, effect: Effect | None = None, **facts: object) -> ToolResult:
    return ToolResult({"success": True, **facts, "display": display}, effect)


def refused(code: str, error: str, display: str, **facts: object) -> ToolResult:
    return ToolResult(
        {"success": False, "code": code, "error": error, **facts, "display": display}
    )


# In chat another customer's voucher is reported as not found, and roles are not
# explained.
_REPORTED_AS = {
    "not_owner": "voucher_not_found",
    "second_person_needed": "forbidden",
    "not_pending": "not_issued",
}
_TEXT_OF = {"invalid_reason": "ask.reason"}
# Texts that name the date of the change.
_DATED_TEXTS = {"redeemed": "refused.redeemed", "void": "refused.void"}


def refusal_of(error: errors.VoucherError, *, language: str) -> ToolResult:
    """Return the error as a result; the person reads a fixed text."""
    code = _REPORTED_AS.get(error.code, error.code)
    values = _text_values(error, language)
    key = _TEXT_OF.get(code, f"refused.{code}")
    if isinstance(error, errors.VoucherNotIssued) and error.at is not None:
        key = _DATED_TEXTS.get(error.status, key)
        values["at"] = texts.format_date(error.at, language)
    key = key if texts.has(key) else "refused.other"
    sentence = (
        str(errors.VoucherNotFound()) if code == "voucher_not_found" else str(error)
    )
    return refused(code, sentence, texts.render(key, language, **values), **error.facts)


def _text_values(error: errors.VoucherError, language: str) -> Payload:
    """Return the values that the fixed text of the error shows."""
    match error:
        case errors.VoucherNotIssued() | errors.VoucherNotPending():
            return {"status": texts.render(f"status.{error.status}", language)}
        case errors.LimitExceeded():
            limit = texts.render(f"limit.{error.limit}", language, amount=error.cap)
            return {"limit": limit}
        case errors.Locked():
            return {"minutes": error.minutes}
        case _:
            return {}

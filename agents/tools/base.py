"""A refusal of the business, in words for the person and for the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from agents.language import texts
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
Operation = Literal["issue", "redeem", "void", "hand_off"]


@dataclass(frozen=True)
class ToolContext:
    """Who is talking, and all that a call may lean on. Arguments never widen it."""

    profile: Profile
    conversation: Conversation
    # What is on for this person, asked once for the turn.
    exposure: Exposure
    # The key of this one call: "turn:7:0", or "action:<id>" for a pressed button.
    turn_key: str
    language: str = "en"
    # The person's own messages of this turn, codes replaced by "[code 1]".
    own_text: tuple[str, ...] = ()
    # The codes taken out of them: 1 stands for "[code 1]".
    codes: Mapping[int, Code] = field(default_factory=dict)
    channel: str = "whatsapp"

    @property
    def subject(self) -> str:
        return str(self.profile.public_id)


@dataclass(frozen=True)
class Effect:
    """What a call changed; the receipt is rendered from the row it names."""

    operation: Operation
    voucher_id: UUID | None = None
    # The same call had its effect before; nothing changed now.
    replayed: bool = False


@dataclass(frozen=True)
class Pending:
    """The exact operation that waits for its person's button."""

    operation: str
    # Resolved: executing them with `confirmed=True` does this and nothing else.
    arguments: Payload
    # The question, its amounts and names read from rows.
    question: str
    confirm_title: str
    cancel_title: str


@dataclass(frozen=True)
class ToolResult:
    """What the model is told, what changed, and what waits for a button."""

    payload: Payload
    effect: Effect | None = None
    pending: Pending | None = None

    @property
    def succeeded(self) -> bool:
        return bool(self.payload.get("success"))

    @property
    def code(self) -> str:
        """The refusal's word, or nothing."""
        return str(self.payload.get("code", "")) if not self.succeeded else ""


@dataclass(frozen=True)
class Call:
    """One call under the rule that the table of authority gives this person."""

    arguments: Payload
    context: ToolContext
    rule: Rule
    # The person pressed the button of exactly these arguments.
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
        """Refuse with a fixed text; `facts` fill it, and are told to the model."""
        return refused(code, error, self.text(key, **facts), **facts)


Handler = Callable[[Call], ToolResult]


@dataclass(frozen=True)
class Tool:
    """One thing the model may ask for."""

    name: str
    description: str
    # A strict JSON schema: every property required, nothing else allowed.
    parameters: Payload
    handler: Handler
    is_write: bool = False


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


# In chat, somebody else's voucher is no voucher; and a role is not explained.
_TOLD_AS = {
    "not_owner": "voucher_not_found",
    "second_person_needed": "forbidden",
    "not_pending": "not_issued",
}
_TEXT_OF = {"invalid_reason": "ask.reason"}
# What became of a voucher that can no longer be used, and when.
_SINCE = {"redeemed": "refused.redeemed", "void": "refused.void"}


def refusal_of(error: errors.VoucherError, *, language: str) -> ToolResult:
    """Return the refusal as a result; its texts are ours, never the exception's."""
    code = _TOLD_AS.get(error.code, error.code)
    facts, values = _facts(error, language)
    key = _TEXT_OF.get(code, f"refused.{code}")
    if isinstance(error, errors.VoucherNotIssued) and error.at is not None:
        key = _SINCE.get(error.status, key)
        values["at"] = texts.format_date(error.at, language)
    key = key if texts.has(key) else "refused.other"
    sentence = (
        str(errors.VoucherNotFound()) if code == "voucher_not_found" else str(error)
    )
    return refused(code, sentence, texts.render(key, language, **values), **facts)


def _facts(error: errors.VoucherError, language: str) -> tuple[Payload, Payload]:
    match error:
        case errors.VoucherNotIssued() | errors.VoucherNotPending():
            status = texts.render(f"status.{error.status}", language)
            return {"status": error.status}, {"status": status}
        case errors.LimitExceeded():
            limit = texts.render(f"limit.{error.limit}", language, amount=error.cap)
            return {"limit": error.limit, "cap": error.cap}, {"limit": limit}
        case errors.Locked():
            minutes = max(1, -(-error.retry_after // 60))
            return {"retry_after": error.retry_after}, {"minutes": minutes}
        case _:
            return {}, {}

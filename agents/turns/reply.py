"""Compose the reply that ends a turn: what happened comes before the model's text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agents.core.code_redaction import REDACTED_CODE
from agents.language.texts import render
from agents.models import Announcement, PendingAction, ToolCall
from agents.notifications.voucher_events import announce_issue
from agents.tools.confirmation import NEEDED
from agents.turns.claim import QUEUED
from agents.turns.usage import ModelExchange
from vouchers.models import Voucher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


@dataclass(frozen=True, slots=True)
class Draft:
    """What the turn would answer where no tool call takes precedence."""

    text: str = ""
    outcome: str = "reply"
    # Why it is less than it should be: the model's error or the check that failed.
    error_code: str = ""
    exchange: ModelExchange = field(default_factory=ModelExchange)
    # What the offline model remembers; None leaves it unchanged.
    memory: Mapping[str, Any] | None = None
    # Id and title of buttons under the text.
    buttons: tuple[tuple[str, str], ...] = ()

    @property
    def has_failed(self) -> bool:
        return self.outcome == "apology"


@dataclass(frozen=True, slots=True)
class Reply:
    outcome: str
    body: str
    # Button id and title.
    buttons: tuple[tuple[str, str], ...] = ()


def compose(*, calls: Sequence[ToolCall], draft: Draft, language: str) -> Reply:
    """Return the one message of the turn.

    The receipt of a change comes first, rendered from its row; then a question that
    waits for a button; then the model's own text.
    """
    done = [call for call in calls if call.status == ToolCall.Status.SUCCEEDED]
    for call in done:
        if call.is_write:
            return Reply("receipt", display_of(call))
    for call in reversed(calls):
        if call.code == NEEDED:
            return _question(call, language)
    for call in done:
        if call.name == "hand_off":
            waited = (call.result or {}).get("already_waits")
            return Reply(QUEUED if waited else "hand_off", display_of(call))
    return Reply(draft.outcome, draft.text, draft.buttons)


def with_transcript(reply: Reply, transcript: str, language: str) -> Reply:
    """Show the transcript above the answer: it may be wrong."""
    if not transcript or not reply.body:
        return reply
    line = render("heard", language, text=REDACTED_CODE.sub("[code]", transcript))
    return replace(reply, body=f"{line}\n\n{reply.body}")


def display_of(call: ToolCall) -> str:
    """Return what the tool rendered from its rows, with placeholders for codes."""
    return str((call.result or {}).get("display", ""))


def last_reading(calls: Sequence[ToolCall]) -> str:
    """Return what the last call showed: it is true where the model's text is not."""
    shown = [display_of(call) for call in calls if call.result]
    return shown[-1] if shown else ""


def _question(call: ToolCall, language: str) -> Reply:
    action = PendingAction.objects.get(tool_call=call)
    buttons = (
        (f"confirm:{action.public_id}", render("button.confirm", language)),
        (f"decline:{action.public_id}", render("button.cancel", language)),
    )
    return Reply("confirm", display_of(call), buttons)


def with_unreached_owner(
    reply: Reply, calls: Sequence[ToolCall], language: str
) -> Reply:
    """Notify the owner of an issued voucher; say in the receipt when that is impossible.

    Call it in the transaction that closes the turn.
    """
    if reply.outcome != "receipt":
        return reply
    for call in calls:
        voucher = _issued_by(call)
        if voucher is None or voucher.created_by_profile_id == voucher.owner_id:
            continue
        if announce_issue(voucher) == Announcement.Outcome.UNREACHABLE:
            line = render("receipt.not_reached", language)
            return replace(reply, body=f"{reply.body}\n\n{line}")
    return reply


def _issued_by(call: ToolCall) -> Voucher | None:
    result = call.result or {}
    has_issued = (
        call.name == "create_voucher" and call.status == ToolCall.Status.SUCCEEDED
    )
    if not has_issued or result.get("status") != Voucher.Status.ISSUED:
        return None
    return Voucher.objects.filter(reference=result.get("reference")).first()

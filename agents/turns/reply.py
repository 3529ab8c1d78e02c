"""Which words end a turn: what happened comes before what the model says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agents.core.code_redaction import REDACTED_CODE as CODE_PLACE
from agents.language.texts import render
from agents.llm.model import Usage
from agents.models import Announcement, PendingAction, ToolCall
from agents.notifications.voucher_events import announce_issue
from agents.tools.confirmation import NEEDED
from vouchers.models import Voucher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from agents.llm.model import Item


OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Spent:
    """What the model was given and gave, whether or not it is sent."""

    items: Sequence[Item] = ()
    usage: Usage = field(default_factory=Usage)
    model_calls: int = 0
    # Empty when no model was asked.
    model: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the turn would answer, were there no row that comes before it."""

    text: str = ""
    outcome: str = "reply"
    # Why it is less than it should be: the model's error, the check that failed.
    error_code: str = ""
    spent: Spent = field(default_factory=Spent)
    # What the offline model remembers; None leaves it as it is.
    memory: Mapping[str, Any] | None = None

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
    """Return the one bubble of the turn.

    A change that was made is told from its row; then a question that waits for a
    button; only then do the model's own words count.
    """
    done = [call for call in calls if call.status == ToolCall.Status.SUCCEEDED]
    for call in done:
        if call.is_write:
            return Reply("receipt", display_of(call))
    for call in reversed(calls):
        if call.code == NEEDED:
            return _question(call, language)
    if any(call.name == "hand_off" for call in done):
        return Reply("hand_off", render("hand_over", language))
    return Reply(draft.outcome, draft.text)


def with_heard(reply: Reply, heard: str, language: str) -> Reply:
    """Show what was heard above the answer to it: a transcriber may be wrong."""
    if not heard or not reply.body:
        return reply
    line = render("heard", language, text=CODE_PLACE.sub("[code]", heard))
    return replace(reply, body=f"{line}\n\n{reply.body}")


def display_of(call: ToolCall) -> str:
    """Return what the tool rendered from its rows; codes stand as slots in it."""
    return str((call.result or {}).get("display", ""))


def last_reading(calls: Sequence[ToolCall]) -> str:
    """Return what the last call showed: true, when the model's own words are not."""
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
    """Tell the owner of what this turn issued; say in the receipt when that cannot be.

    Within the transaction that closes the turn.
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
    is_issue = call.is_write and call.status == ToolCall.Status.SUCCEEDED
    if not is_issue or result.get("status") != Voucher.Status.ISSUED:
        return None
    return Voucher.objects.filter(reference=result.get("reference")).first()

"""Which words end a turn: what happened comes before what the model says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agents.code_places import PLACE as CODE_PLACE
from agents.models import PendingAction, ToolCall
from agents.runtime.texts import render
from agents.services.confirm import NEEDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.services.turns.draft import Draft


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

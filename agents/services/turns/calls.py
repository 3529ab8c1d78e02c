"""The calls of the model for tools: the row first, the effect with its result.

The result is written in the transaction of the voucher's change, so that a turn which
died is never in doubt: a call with a result is answered from its row, one without had
no effect and is made under the same key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from agents.errors import NewerInput
from agents.hand_offs import open_hand_off
from agents.locks import lock_turn
from agents.models import Conversation, HandOff, Message, ToolCall
from agents.runtime.texts import render
from agents.services import confirm
from agents.services.turns.spending import RECORDED, cleaned, record
from agents.services.turns.work import is_press
from agents.tools import registry
from agents.tools.base import ToolContext, ToolResult, refused
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.models import Turn
    from agents.runtime.model import ToolRequest
    from agents.services.turns.draft import Spent
    from agents.services.turns.work import Work

logger = get_logger(__name__)
Status = ToolCall.Status
HAND_OFF = "hand_off"
FIRST_WAITING = Prepared(
    lambda: Message.objects.filter(
        conversation_id=slot("conversation"), state=Message.State.WAITING
    ).order_by("sent_at", "id")[:1]
)


def key_of(turn_id: int, ordinal: int) -> str:
    """Return the key of a write: from its cause, never from the model's words."""
    return f"turn:{turn_id}:{ordinal}"


def context_of(work: Work, key: str) -> ToolContext:
    return ToolContext(
        profile=work.profile,
        conversation=work.conversation,
        exposure=work.exposure,
        turn_key=key,
        language=work.language,
        own_text=work.own_text,
        codes=work.codes,
    )


def start(
    work: Work,
    ordinal: int,
    request: ToolRequest,
    *,
    spent: Spent | None,
    may_restart: bool,
) -> dict[str, Any] | None:
    """Write the call's row, and what led to it; return an answer that needs no doing.

    Raises NewerInput when a change is asked for while the person wrote on.
    """
    arguments = stored_arguments(request)
    is_write = registry.is_write(request.name)
    with transaction.atomic():
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        if spent is not None:
            record(turn, spent)
            turn.save(update_fields=RECORDED)
        row = turn.tool_calls.filter(ordinal=ordinal).first()
        if row is not None:
            return _answer_again(work, row, request, arguments)
        if is_write and may_restart and not has_effect(turn):
            _refuse_when_newer(work)
        refusal = _why_not_written(work, turn) if is_write else None
        row = ToolCall(
            turn=turn,
            ordinal=ordinal,
            name=request.name,
            provider_call_id=request.call_id[:120],
            arguments=arguments,
            is_write=is_write,
        )
        if refusal is not None:
            _fill(row, refusal)
        row.save(force_insert=True)
        return refusal.payload if refusal else None


def _refuse_when_newer(work: Work) -> None:
    if is_newer(work, first_waiting(work)):
        raise NewerInput


def perform(work: Work, ordinal: int) -> dict[str, Any]:
    """Make the call; its row says what came of it, in the same transaction."""
    context = context_of(work, key_of(work.turn.pk, ordinal))
    with transaction.atomic():
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        row = turn.tool_calls.get(ordinal=ordinal)
        result = registry.execute(row.name, row.arguments, context)
        settle(work, row, result)
    return result.payload


def settle(work: Work, row: ToolCall, result: ToolResult) -> None:
    """Write the call's result, and the question where one is to be asked."""
    _fill(row, result)
    row.save(update_fields=["status", "code", "result", "finished_at"])
    if result.pending is not None:
        confirm.ask(
            conversation=work.conversation, tool_call=row, pending=result.pending
        )
    if row.code == "key_reused":
        _tell_of_changed_arguments(work)


def fail(work: Work, ordinal: int) -> dict[str, Any]:
    """Record that a call broke; nothing of it was kept."""
    result = _broken(work)
    with transaction.atomic():
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        row = turn.tool_calls.get(ordinal=ordinal)
        _fill(row, result)
        row.status = Status.FAILED
        row.save(update_fields=["status", "code", "result", "finished_at"])
    return result.payload


def has_effect(turn: Turn) -> bool:
    """Tell whether something was done or asked that must be told before all else."""
    return any(is_effect(call) for call in turn.tool_calls.all())


def is_effect(call: ToolCall) -> bool:
    """Tell whether the call did or asked something that has to be told."""
    if call.status == Status.SUCCEEDED:
        return call.is_write or call.name == HAND_OFF
    return call.code == confirm.NEEDED


def first_waiting(work: Work) -> Message | None:
    """Return what the next turn has to begin with."""
    return FIRST_WAITING.first(conversation=work.lease.conversation_id)


def is_newer(work: Work, waiting: Message | None) -> bool:
    """Tell whether the person wrote on; a button is a turn of its own."""
    return work.press is None and waiting is not None and not is_press(waiting)


def stored_arguments(request: ToolRequest) -> dict[str, Any]:
    """Return the model's arguments as they are kept: no code in them."""
    kept: dict[str, Any] = cleaned(json.loads(request.arguments_json))
    return kept


def _answer_again(
    work: Work, row: ToolCall, request: ToolRequest, arguments: dict[str, Any]
) -> dict[str, Any] | None:
    if row.name != request.name or row.arguments != arguments:
        _tell_of_changed_arguments(work)
        return _refusal(work, "key_reused", "The arguments changed: not done.").payload
    return None if row.status == Status.STARTED else row.result


def _tell_of_changed_arguments(work: Work) -> None:
    open_hand_off(
        conversation=work.conversation,
        profile=work.profile,
        kind=HandOff.Kind.KEY_REUSED,
        reason=f"An operation of turn {work.turn.pk} changed its arguments.",
    )


def _why_not_written(work: Work, turn: Turn) -> ToolResult | None:
    held = Conversation.objects.only("paused_at", "paused_until")
    if held.get(pk=work.lease.conversation_id).is_paused(timezone.now()):
        # A colleague has the word: nothing is begun that nobody would be told of.
        return refused(
            "paused",
            "A colleague has taken over: not done.",
            render("colleague.taken", work.language),
        )
    return _second_write(work, turn)


def _second_write(work: Work, turn: Turn) -> ToolResult | None:
    writes = turn.tool_calls.filter(is_write=True)
    if not any(is_effect(call) for call in writes):
        return None
    return _refusal(work, "one_change", "Only one change in a turn: not done.")


def _refusal(work: Work, code: str, error: str) -> ToolResult:
    return refused(code, error, render(f"refused.{code}", work.language))


def _broken(work: Work) -> ToolResult:
    return refused(
        "failed", "The tool is broken: not done.", render("apology", work.language)
    )


def _fill(row: ToolCall, result: ToolResult) -> None:
    row.status = Status.SUCCEEDED if result.succeeded else Status.REFUSED
    row.code = result.code[:40]
    row.result = result.payload
    row.finished_at = timezone.now()

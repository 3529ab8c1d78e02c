"""The end of a turn: one transaction for its row, its messages and its reply."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from agents.core.errors import NewerInput
from agents.core.handoffs import open_handoff
from agents.core.jobs import enqueue_turn
from agents.core.locks import lock_conversation, lock_turn
from agents.forwarding import queue as forwarding
from agents.models import HandOff, Message, ToolCall, Turn
from agents.outbound import outbox
from agents.outcomes.spending import CAPPED
from agents.turns import reply as turns_reply
from agents.turns.claim import FEATURE_DISABLED, PAUSED, unanswered, why_silent
from agents.turns.lease import Lease, hold
from agents.turns.tool_calls import first_waiting, is_effect, is_newer
from agents.turns.usage import RECORDED, record
from easymo.database import prepared_rows
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.models import Conversation, OutboundMessage
    from agents.turns.claim import Work
    from agents.turns.quiet_time import Timing
    from agents.turns.reply import Draft, Reply, Spent

logger = get_logger(__name__)

CLOSE_MESSAGES = """
UPDATE agents_message SET state = %s, codes_sealed = NULL WHERE turn_id = %s
"""


def close(*, work: Work, draft: Draft, may_restart: bool) -> list[int]:
    """Write the turn's end and return the outbound messages to deliver.

    Raises NewerInput when the person wrote on and nothing was done yet.
    """
    with transaction.atomic():
        conversation = lock_conversation(work.lease.conversation_id)
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        calls = _calls(work, draft, turn)
        waiting = first_waiting(work)
        has_effect = any(map(is_effect, calls))
        if may_restart and not has_effect and is_newer(work, waiting):
            raise NewerInput
        reply = turns_reply.compose(calls=calls, draft=draft, language=work.language)
        reply = turns_reply.with_heard(reply, work.heard, work.language)
        silent = why_silent(conversation)
        if silent == PAUSED and any(map(_is_change, calls)):
            # A colleague took over, after something was changed: that has to be told.
            silent = ""
        if not silent:
            reply = turns_reply.with_unreached_owner(reply, calls, work.language)
        outbound = None if silent else _answer(turn, conversation, reply)
        if silent and has_effect:
            _tell_of_unsent_receipt(conversation, turn)
        elif silent == FEATURE_DISABLED:
            forwarding.forward_messages(turn.messages.all())
        _close_messages(turn, silent)
        _remember(conversation, work, draft)
        record(turn, draft.spent)
        _end(turn, reply, draft, silent)
        if draft.has_failed:
            _count_failure(conversation, turn)
        if draft.error_code == CAPPED and draft.outcome == "capped":
            _hand_over_capped(conversation, turn)
        if waiting is not None:
            enqueue_turn(conversation_id=conversation.pk)
    _log_end(turn)
    return [outbound.pk] if outbound else []


def _calls(work: Work, draft: Draft, turn: Turn) -> list[ToolCall]:
    """Read the turn's calls, where it can have any."""
    asked = any(item.get("type") == "function_call" for item in draft.spent.items)
    if not asked and work.press is None and work.turn.attempts == 1:
        return []
    return list(turn.tool_calls.order_by("ordinal"))


def start_again(*, lease: Lease, spent: Spent, timing: Timing) -> Lease:
    """Drop the draft; its messages wait again, with those that came meanwhile."""
    with transaction.atomic():
        lock_conversation(lease.conversation_id)
        turn = lock_turn(turn_id=lease.turn_id, token=lease.token)
        record(turn, spent)
        turn.status = Turn.Status.ABANDONED
        turn.error_code = "newer_input"
        turn.finished_at = timezone.now()
        turn.save(update_fields=[*RECORDED, "status", "error_code", "finished_at"])
        turn.messages.update(state=Message.State.WAITING, turn=None)
        successor = Turn(
            conversation_id=lease.conversation_id,
            lease_token=uuid.uuid4(),
            correlation_id=turn.correlation_id,
        )
        return hold(successor, timing)


def bury(*, work: Work) -> None:
    """Give up a turn that took worker after worker with it; a person looks at it."""
    with transaction.atomic():
        conversation = lock_conversation(work.lease.conversation_id)
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        turn.messages.update(state=Message.State.UNANSWERED, codes_sealed=None)
        turn.status = Turn.Status.FAILED
        turn.outcome = "silent"
        turn.error_code = "gave_up"
        turn.finished_at = timezone.now()
        turn.save(update_fields=["status", "outcome", "error_code", "finished_at"])
        open_handoff(
            conversation=conversation,
            profile=conversation.profile,
            kind=HandOff.Kind.FAILED_TURN,
            reason=f"Turn {turn.pk} could not be finished by any worker.",
        )
        if first_waiting(work) is not None:
            enqueue_turn(conversation_id=conversation.pk)
    _log_end(turn)


def _answer(turn: Turn, conversation: Conversation, reply: Reply) -> OutboundMessage:
    """Write the reply; the job that ran the turn delivers it, else the sweep."""
    return outbox.enqueue(
        conversation=conversation,
        turn=turn,
        cause=f"turn:{turn.pk}",
        body=reply.body,
        buttons=reply.buttons,
        # We hold the running turn, and it ends once.
        is_first=True,
    )


def _is_change(call: ToolCall) -> bool:
    return call.is_write and call.status == ToolCall.Status.SUCCEEDED


def _close_messages(turn: Turn, silent: str) -> None:
    state = unanswered(silent) if silent else Message.State.DONE
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_MESSAGES, [str(state), turn.pk])


def _remember(conversation: Conversation, work: Work, draft: Draft) -> None:
    changed = []
    if draft.memory is not None and conversation.memory != draft.memory:
        conversation.memory = dict(draft.memory)
        changed.append("memory")
    if conversation.language != work.language:
        conversation.language = work.language
        changed.append("language")
    if changed:
        prepared_rows.update(conversation, changed)


def _end(turn: Turn, reply: Reply, draft: Draft, silent: str) -> None:
    failed = draft.has_failed and reply.outcome == draft.outcome
    turn.status = Turn.Status.FAILED if failed else Turn.Status.DONE
    turn.outcome = "silent" if silent else reply.outcome
    turn.error_code = (silent or draft.error_code)[:40]
    turn.finished_at = timezone.now()
    prepared_rows.update(
        turn, [*RECORDED, "status", "outcome", "error_code", "finished_at"]
    )


def _count_failure(conversation: Conversation, turn: Turn) -> None:
    """Hand over to a person after two failed turns in a row."""
    before = (
        conversation.turns.filter(pk__lt=turn.pk)
        .exclude(status=Turn.Status.ABANDONED)
        .exclude(outcome="silent")
        .order_by("-id")
        .first()
    )
    if before is not None and before.status == Turn.Status.FAILED:
        open_handoff(
            conversation=conversation,
            profile=conversation.profile,
            kind=HandOff.Kind.FAILED_TURN,
            reason="The agent failed twice in a row.",
        )


def _hand_over_capped(conversation: Conversation, turn: Turn) -> None:
    open_handoff(
        conversation=conversation,
        profile=conversation.profile,
        kind=HandOff.Kind.CAPPED,
        reason=f"Turn {turn.pk} stopped: the conversation reached its cap of cost.",
    )


def _tell_of_unsent_receipt(conversation: Conversation, turn: Turn) -> None:
    open_handoff(
        conversation=conversation,
        profile=conversation.profile,
        kind=HandOff.Kind.FAILED_TURN,
        reason=f"Turn {turn.pk} did something, but its receipt may not be sent.",
    )


def _log_end(turn: Turn) -> None:
    fields = {
        "turn_id": turn.pk,
        "conversation_id": turn.conversation_id,
        "outcome": turn.outcome,
        "model": turn.model,
        "model_calls": turn.model_calls,
        "attempts": turn.attempts,
    }
    if turn.input_ended_at and turn.finished_at:
        took = turn.finished_at - turn.input_ended_at
        fields["milliseconds"] = round(took.total_seconds() * 1000)
    if turn.status == Turn.Status.FAILED:
        logger.error("ai.whatsapp.message.error", code=turn.error_code, **fields)
    else:
        logger.info("ai.whatsapp.message.success", **fields)

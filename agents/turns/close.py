"""End a turn: one transaction for its row, its messages and its reply."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.errors import NewerInput
from agents.core.handoffs import open_handoff
from agents.core.jobs import enqueue_turn
from agents.core.locks import lock_conversation, lock_turn
from agents.forwarding import queue as forwarding
from agents.models import HandOff, Message, ToolCall, Turn
from agents.outbound import outbox
from agents.outcomes.outcome import CAPPED
from agents.turns import handoff_queue
from agents.turns import reply as replies
from agents.turns.claim import (
    FEATURE_DISABLED,
    PAUSED,
    QUEUED,
    unanswered_state,
    why_silent,
)
from agents.turns.lease import Lease, create_leased_turn
from agents.turns.tool_calls import first_waiting, is_effect, is_newer
from agents.turns.usage import RECORDED, record
from easymo.database import prepared_rows, statements
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.models import Conversation
    from agents.turns.claim import ClaimedTurn
    from agents.turns.quiet_time import Timing
    from agents.turns.reply import Draft, Reply
    from agents.turns.usage import ModelExchange

logger = get_logger(__name__)

CLOSE_MESSAGES = """
UPDATE agents_message SET state = %s, codes_sealed = NULL WHERE turn_id = %s
"""


def close(*, claimed: ClaimedTurn, draft: Draft, may_restart: bool) -> list[int]:
    """Write the turn's end and return the outbound messages to deliver.

    Raises NewerInput when the customer wrote on and nothing was done yet.
    """
    with transaction.atomic():
        conversation = lock_conversation(claimed.lease.conversation_id)
        turn = lock_turn(turn_id=claimed.lease.turn_id, token=claimed.lease.token)
        calls = _calls(claimed, draft, turn)
        waiting = first_waiting(claimed)
        has_effect = any(map(is_effect, calls))
        if may_restart and not has_effect and is_newer(claimed, waiting):
            raise NewerInput
        reply = replies.compose(calls=calls, draft=draft, language=claimed.language)
        reply = replies.with_transcript(reply, claimed.transcript, claimed.language)
        silent = why_silent(conversation)
        if silent == PAUSED and any(map(_is_change, calls)):
            # A colleague took over after a change was made: its receipt is sent.
            silent = ""
        if not silent and reply.outcome == QUEUED:
            is_due = handoff_queue.take_notice(conversation, timezone.now())
            silent = "" if is_due else QUEUED
        outbound_ids = []
        if not silent:
            reply = replies.with_unreached_owner(reply, calls, claimed.language)
            outbound_ids.append(_enqueue_reply(turn, conversation, reply))
        elif has_effect and silent != QUEUED:
            reason = f"Turn {turn.pk} did something, but its receipt may not be sent."
            _open_handoff(conversation, HandOff.Kind.FAILED_TURN, reason)
        elif silent == FEATURE_DISABLED:
            forwarding.forward_messages(turn.messages.all())
        state = unanswered_state(silent) if silent else Message.State.DONE
        statements.execute(CLOSE_MESSAGES, [str(state), turn.pk])
        _update_memory(conversation, draft)
        _end(turn, reply, draft, silent)
        _hand_over_after_failure(conversation, turn, draft)
        if waiting is not None:
            enqueue_turn(conversation_id=conversation.pk)
    _log_end(turn)
    return outbound_ids


def restart(*, lease: Lease, exchange: ModelExchange, timing: Timing) -> Lease:
    """Drop the draft; its messages wait again, with those that came meanwhile."""
    with transaction.atomic():
        lock_conversation(lease.conversation_id)
        turn = lock_turn(turn_id=lease.turn_id, token=lease.token)
        record(turn, exchange)
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
        return create_leased_turn(successor, timing)


def give_up(*, claimed: ClaimedTurn) -> None:
    """End a turn that crashed worker after worker; leave it to a person."""
    with transaction.atomic():
        conversation = lock_conversation(claimed.lease.conversation_id)
        turn = lock_turn(turn_id=claimed.lease.turn_id, token=claimed.lease.token)
        turn.messages.update(state=Message.State.UNANSWERED, codes_sealed=None)
        turn.status = Turn.Status.FAILED
        turn.outcome = "silent"
        turn.error_code = "gave_up"
        turn.finished_at = timezone.now()
        turn.save(update_fields=["status", "outcome", "error_code", "finished_at"])
        reason = f"Turn {turn.pk} could not be finished by any worker."
        _open_handoff(conversation, HandOff.Kind.FAILED_TURN, reason)
        if first_waiting(claimed) is not None:
            enqueue_turn(conversation_id=conversation.pk)
    _log_end(turn)


def _calls(claimed: ClaimedTurn, draft: Draft, turn: Turn) -> list[ToolCall]:
    """Read the turn's tool calls, where it can have any."""
    asked = any(item.get("type") == "function_call" for item in draft.exchange.items)
    if not asked and claimed.press is None and claimed.turn.attempts == 1:
        return []
    return list(turn.tool_calls.order_by("ordinal"))


def _enqueue_reply(turn: Turn, conversation: Conversation, reply: Reply) -> int:
    """Write the reply; the job of the turn delivers it, else the sweep."""
    message = outbox.enqueue(
        conversation=conversation,
        turn=turn,
        cause=f"turn:{turn.pk}",
        body=reply.body,
        buttons=reply.buttons,
        # We hold the running turn, which ends once.
        is_first=True,
    )
    pk: int = message.pk
    return pk


def _is_change(call: ToolCall) -> bool:
    return call.is_write and call.status == ToolCall.Status.SUCCEEDED


def _update_memory(conversation: Conversation, draft: Draft) -> None:
    if draft.memory is not None and conversation.memory != draft.memory:
        conversation.memory = dict(draft.memory)
        prepared_rows.update(conversation, ["memory"])


def _end(turn: Turn, reply: Reply, draft: Draft, silent: str) -> None:
    record(turn, draft.exchange)
    failed = draft.has_failed and reply.outcome == draft.outcome
    turn.status = Turn.Status.FAILED if failed else Turn.Status.DONE
    turn.outcome = "silent" if silent else reply.outcome
    turn.error_code = (silent or draft.error_code)[:40]
    turn.finished_at = timezone.now()
    prepared_rows.update(
        turn, [*RECORDED, "status", "outcome", "error_code", "finished_at"]
    )


def _hand_over_after_failure(
    conversation: Conversation, turn: Turn, draft: Draft
) -> None:
    """Open a handoff after two failed turns in a row, or at the cap of cost."""
    if draft.has_failed:
        before = (
            conversation.turns.filter(pk__lt=turn.pk)
            .exclude(status=Turn.Status.ABANDONED)
            .exclude(outcome="silent")
            .order_by("-id")
            .first()
        )
        if before is not None and before.status == Turn.Status.FAILED:
            reason = "The agent failed twice in a row."
            _open_handoff(conversation, HandOff.Kind.FAILED_TURN, reason)
    if draft.error_code == CAPPED and draft.outcome == "capped":
        reason = f"Turn {turn.pk} stopped: the conversation reached its cap of cost."
        _open_handoff(conversation, HandOff.Kind.CAPPED, reason)


def _open_handoff(conversation: Conversation, kind: HandOff.Kind, reason: str) -> None:
    open_handoff(
        conversation=conversation,
        profile=conversation.profile,
        kind=kind,
        reason=reason,
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

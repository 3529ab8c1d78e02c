"""Handle the press of a confirm button: decided by rows, executed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.locks import lock_turn
from agents.identity import calling
from agents.language.texts import render
from agents.models import PendingAction, ToolCall
from agents.tools import confirmation, registry
from agents.turns.claim import CALLING, CONFIRM, DECLINE, NOT_CALLING
from agents.turns.reply import Draft, display_of
from agents.turns.tool_calls import context_of, store_result
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from datetime import datetime

    from agents.models import Message, Turn
    from agents.turns.claim import ClaimedTurn

logger = get_logger(__name__)


def handle_press(claimed: ClaimedTurn) -> Draft:
    """Execute the pending action, or say why not, in one transaction.

    The idempotency key is the action's id, so that a crash repeats no effect.
    """
    message = claimed.press
    assert message is not None
    with transaction.atomic():
        turn = lock_turn(turn_id=claimed.lease.turn_id, token=claimed.lease.token)
        if turn.tool_calls.exists():
            # An earlier worker executed it and died before the reply.
            return Draft()
        now = timezone.now()
        if message.button_id.startswith((CALLING, NOT_CALLING)):
            return _fixed_draft(claimed, _answer_about_call(claimed, message, now))
        verdict = confirmation.check_press(
            button_id=message.button_id, conversation=claimed.conversation, now=now
        )
        if verdict.action is None or not verdict.counts:
            logger.info("ai.confirm.refused", turn_id=turn.pk, reason=verdict.text)
            return _fixed_draft(claimed, verdict.text)
        if message.button_id.startswith(DECLINE):
            confirmation.decide(verdict.action, PendingAction.Status.DECLINED, now)
            return _fixed_draft(claimed, "confirm.declined")
        confirmation.decide(verdict.action, PendingAction.Status.CONFIRMED, now)
        call = _execute(claimed, turn, verdict.action)
    return Draft(display_of(call), error_code=call.code)


def _answer_about_call(claimed: ClaimedTurn, message: Message, now: datetime) -> str:
    """Record whether it is this person who is calling; return the key of the answer."""
    answer, _, name = message.button_id.partition(":")
    is_theirs = f"{answer}:" == CALLING
    return calling.answer(claimed.profile, public_id=name, is_theirs=is_theirs, now=now)


def _execute(claimed: ClaimedTurn, turn: Turn, action: PendingAction) -> ToolCall:
    """Make the exact operation; the authority to do it is checked again."""
    call = ToolCall.objects.create(
        turn=turn,
        ordinal=0,
        name=action.operation,
        arguments=action.arguments,
        is_write=True,
        # Tells a call that asked the question what came of it.
        provider_call_id=f"{CONFIRM}{action.public_id}",
    )
    context = context_of(claimed, f"confirm:{action.public_id}")
    result = registry.execute(
        action.operation, action.arguments, context, confirmed=True
    )
    store_result(claimed, call, result)
    return call


def _fixed_draft(claimed: ClaimedTurn, key: str) -> Draft:
    return Draft(render(key, claimed.language), memory={})

"""The press of a confirm button: decided by rows, done once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.locks import lock_turn
from agents.language.texts import render
from agents.models import PendingAction, ToolCall
from agents.tools import confirmation, registry
from agents.turns.claim import DECLINE
from agents.turns.reply import Draft
from agents.turns.tool_calls import context_of, settle
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.models import Turn
    from agents.turns.claim import Work

logger = get_logger(__name__)


def press(work: Work) -> Draft:
    """Do what the button stands for, or say why not, in one transaction.

    The key is the action's id: whatever dies here, the effect comes once.
    """
    message = work.press
    assert message is not None
    with transaction.atomic():
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        if turn.tool_calls.exists():
            # An earlier worker did it and died before the reply.
            return Draft()
        now = timezone.now()
        verdict = confirmation.check_press(
            button_id=message.button_id, conversation=work.conversation, now=now
        )
        if verdict.action is None or not verdict.counts:
            logger.info("ai.confirm.refused", turn_id=turn.pk, reason=verdict.text)
            return _say(work, verdict.text)
        if message.button_id.startswith(DECLINE):
            confirmation.decide(verdict.action, PendingAction.Status.DECLINED, now)
            return _say(work, "confirm.declined")
        confirmation.decide(verdict.action, PendingAction.Status.CONFIRMED, now)
        call = _do(work, turn, verdict.action)
    return Draft((call.result or {}).get("display", ""), error_code=call.code)


def _do(work: Work, turn: Turn, action: PendingAction) -> ToolCall:
    """Make the exact operation; who may do what is asked again."""
    call = ToolCall.objects.create(
        turn=turn,
        ordinal=0,
        name=action.operation,
        arguments=action.arguments,
        is_write=True,
    )
    context = context_of(work, f"confirm:{action.public_id}")
    result = registry.execute(
        action.operation, action.arguments, context, confirmed=True
    )
    settle(work, call, result)
    return call


def _say(work: Work, key: str) -> Draft:
    return Draft(render(key, work.language), memory={})

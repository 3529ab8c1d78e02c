"""What we say, written with its cause; sent by `delivery`, in order."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.channels.whatsapp.client import (
    LONGEST_BODY,
    LONGEST_BUTTON_BODY,
    LONGEST_TITLE,
    MOST_BUTTONS,
    Button,
    Template,
)
from agents.channels.whatsapp.errors import Action
from agents.hand_offs import open_hand_off
from agents.models import Conversation, HandOff, OutboundMessage, SendingLine
from agents.services import consent
from agents.services.code_slots import carry
from easymo.observability import correlation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Turn

logger = get_logger(__name__)

State = OutboundMessage.State
OPEN = (State.QUEUED, State.SENDING, State.UNKNOWN)
FINAL = frozenset({Action.WINDOW, Action.PERSON, Action.BUG})
MOST_ATTEMPTS = 6
LONGEST_PAUSE_S = 600.0
LONGEST_HOLD_S = 900.0
OPTED_OUT = "131050"


def enqueue(
    *,
    conversation: Conversation,
    cause: str,
    body: str,
    buttons: Sequence[Button | tuple[str, str]] = (),
    template: Template | None = None,
    turn: Turn | None = None,
    written_by: str = "",
) -> OutboundMessage:
    """Write a message for its cause, once; the same cause again returns the first.

    Belongs into the transaction of what it tells about. Whoever calls wakes the
    delivery (`agents.wakes.wake_delivery`).
    """
    pairs = [b if isinstance(b, Button) else Button(*b) for b in buttons]
    longest = LONGEST_BUTTON_BODY if pairs else LONGEST_BODY
    message = OutboundMessage(
        conversation=conversation,
        turn=turn,
        cause=cause,
        kind=_kind(pairs, template),
        body=shortened(body, longest),
        extra=_extra(pairs, template),
        written_by=written_by,
        correlation_id=turn.correlation_id if turn else correlation.current(),
    )
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        return OutboundMessage.objects.get(cause=cause)
    carry(message, [body, *(template.parameters if template else ())])
    return message


def shortened(body: str, longest: int) -> str:
    return body if len(body) <= longest else body[: longest - 1] + "…"


def _kind(buttons: Sequence[Button], template: Template | None) -> OutboundMessage.Kind:
    if template is not None:
        return OutboundMessage.Kind.TEMPLATE
    return OutboundMessage.Kind.BUTTONS if buttons else OutboundMessage.Kind.TEXT


def _extra(buttons: Sequence[Button], template: Template | None) -> dict[str, Any]:
    if template is not None:
        return {
            "name": template.name,
            "language": template.language,
            "parameters": list(template.parameters),
        }
    if not buttons:
        return {}
    if len(buttons) > MOST_BUTTONS:
        raise ValueError("A question has at most three buttons.")
    return {
        "buttons": [
            {"id": button.id, "title": button.title[:LONGEST_TITLE]}
            for button in buttons
        ]
    }


def settle_failure(
    message: OutboundMessage,
    *,
    code: str,
    action: Action,
    retry_after: float | None = None,
) -> None:
    """Queue the message again, hold our number, or give up and tell one of us.

    The caller holds the message's row.
    """
    message.error_code = code[:40]
    message.lease_expires_at = None
    if action == Action.STOP:
        # Not the message's fault: its tries are not used up.
        message.attempts = max(message.attempts - 1, 0)
        _queue_again(message, hold_line(message, code=code, first_s=60.0))
    elif action in FINAL or message.attempts >= MOST_ATTEMPTS:
        _give_up(message, action)
    elif action == Action.SLOW:
        first_s = retry_after or 5.0
        _queue_again(message, hold_line(message, code=code, first_s=first_s))
    else:
        base = 4.0 if action == Action.PAIR else 1.0
        seconds = retry_after or base * 4.0 ** max(message.attempts - 1, 0)
        _queue_again(message, _later(seconds))


def hold_line(message: OutboundMessage, *, code: str, first_s: float) -> datetime:
    """Let nothing of this number be sent for a while, longer each time in a row."""
    number = message.conversation.phone_number_id
    line = SendingLine.objects.select_for_update().filter(pk=number).first()
    holds = line.holds if line else 0
    until = _later(min(first_s * 2.0**holds, LONGEST_HOLD_S))
    SendingLine.objects.update_or_create(
        pk=number,
        defaults={"held_until": until, "error_code": code[:40], "holds": holds + 1},
    )
    logger.error("ai.whatsapp.send.error", code=code, held="number", holds=holds + 1)
    return until


def _later(seconds: float) -> datetime:
    # Jitter: what failed together shall not come back together.
    spread = random.uniform(0.85, 1.15)  # noqa: S311 - no secret
    return timezone.now() + timedelta(seconds=min(seconds * spread, LONGEST_PAUSE_S))


def _queue_again(message: OutboundMessage, at: datetime) -> None:
    message.state = State.QUEUED
    message.next_attempt_at = at
    # Another try gets another id; statuses of the first still come by our own.
    message.provider_id = ""
    message.provider_id_hmac = None
    message.save(
        update_fields=[
            "state",
            "error_code",
            "attempts",
            "lease_expires_at",
            "next_attempt_at",
            "provider_id",
            "provider_id_hmac",
        ]
    )


def _give_up(message: OutboundMessage, action: Action) -> None:
    message.state = State.FAILED
    message.next_attempt_at = None
    message.save(
        update_fields=[
            "state",
            "error_code",
            "attempts",
            "lease_expires_at",
            "next_attempt_at",
        ]
    )
    conversation = message.conversation
    if action == Action.WINDOW:
        Conversation.objects.filter(
            pk=conversation.pk, window_closes_at__gt=timezone.now()
        ).update(window_closes_at=timezone.now())
    if message.error_code == OPTED_OUT:
        consent.record(
            profile=conversation.profile,
            kind=consent.Kind.STOP,
            source=consent.Source.REFUSED,
            cause=f"outbound:{message.pk}",
        )
    open_hand_off(
        kind=HandOff.Kind.UNDELIVERED,
        profile=conversation.profile,
        conversation=conversation,
        reason=f"A message did not reach her ({message.error_code}).",
    )

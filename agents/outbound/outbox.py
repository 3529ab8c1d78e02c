"""What we say, written with its cause; sent by `delivery`, in order."""

from __future__ import annotations

import random
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.core.code_redaction import record_carried_codes
from agents.core.handoffs import open_handoff
from agents.identity import consent
from agents.models import Conversation, HandOff, OutboundMessage
from agents.outbound import circuit_breaker
from agents.whatsapp.error_table import Action, describe
from agents.whatsapp.graph_client import (
    LONGEST_BODY,
    LONGEST_BUTTON_BODY,
    LONGEST_TITLE,
    MOST_BUTTONS,
    Button,
    Template,
)
from easymo.database import prepared_rows
from easymo.observability import correlation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Turn

logger = get_logger(__name__)

State = OutboundMessage.State
OPEN = (State.QUEUED, State.SENDING, State.UNKNOWN)
FINAL = frozenset({Action.WINDOW, Action.PERSON, Action.BUG})
# Said of one person or chat: our number was let through.
ABOUT_THE_PERSON = frozenset({Action.WINDOW, Action.PERSON, Action.PAIR})
# Pauses of 1.5 s, 9 s, 54 s, 5.4 min and 16.7 min between six tries: 24 minutes.
MOST_ATTEMPTS = 6
FIRST_PAUSE_S = 1.5
LONGEST_PAUSE_S = 1_000.0
FIRST_HOLD_S = 5.0
OPTED_OUT = "131050"
# The template does not exist in this language.
NOT_TRANSLATED = "132001"
ENGLISH = "en"


def enqueue(
    *,
    conversation: Conversation,
    cause: str,
    body: str,
    buttons: Sequence[Button | tuple[str, str]] = (),
    template: Template | None = None,
    fallback: Template | None = None,
    turn: Turn | None = None,
    written_by: str = "",
    is_first: bool = False,
) -> OutboundMessage:
    """Write a message for its cause, once; the same cause again returns the first.

    Belongs into the transaction of what it tells about. Whoever calls wakes the
    delivery (`agents.wakes.wake_delivery`). The fallback is the template that goes
    instead of the text, should the window have closed by then. Whoever holds the row
    of the cause, and knows that it is the first, spares a savepoint.
    """
    pairs = [b if isinstance(b, Button) else Button(*b) for b in buttons]
    longest = LONGEST_BUTTON_BODY if pairs else LONGEST_BODY
    message = OutboundMessage(
        conversation=conversation,
        turn=turn,
        cause=cause,
        kind=_kind(pairs, template),
        body=shortened(body, longest),
        extra=_extra(pairs, template, fallback),
        written_by=written_by,
        correlation_id=turn.correlation_id if turn else correlation.current(),
    )
    try:
        with nullcontext() if is_first else transaction.atomic():
            prepared_rows.insert(message)
    except IntegrityError:
        return OutboundMessage.objects.get(cause=cause)
    shown = [t for each in (template, fallback) if each for t in each.parameters]
    record_carried_codes(message, [body, *shown])
    return message


def shortened(body: str, longest: int) -> str:
    return body if len(body) <= longest else body[: longest - 1] + "…"


def _kind(buttons: Sequence[Button], template: Template | None) -> OutboundMessage.Kind:
    if template is not None:
        return OutboundMessage.Kind.TEMPLATE
    return OutboundMessage.Kind.BUTTONS if buttons else OutboundMessage.Kind.TEXT


def _extra(
    buttons: Sequence[Button], template: Template | None, fallback: Template | None
) -> dict[str, Any]:
    if template is not None:
        return _as_json(template)
    if not buttons:
        return {"fallback": _as_json(fallback)} if fallback else {}
    if len(buttons) > MOST_BUTTONS:
        raise ValueError("A question has at most three buttons.")
    return {
        "buttons": [
            {"id": button.id, "title": button.title[:LONGEST_TITLE]}
            for button in buttons
        ]
    }


def _as_json(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "language": template.language,
        "parameters": list(template.parameters),
    }


def handle_failure(
    message: OutboundMessage,
    *,
    code: str,
    action: Action,
    retry_after: float | None = None,
    by_status: bool = False,
) -> None:
    """Queue the message again, hold our number, or give up and tell one of us.

    The caller holds the message's row. By a status: the message was taken before.
    """
    message.error_code = code[:40]
    message.lease_expires_at = None
    _settle_line(
        message, code=code, action=action, retry_after=retry_after, by_status=by_status
    )
    if action == Action.STOP:
        # Not the message's fault: its tries are not used up.
        message.attempts = max(message.attempts - 1, 0)
        _queue_again(message, None)
    elif (action == Action.WINDOW and use_fallback(message)) or (
        code == NOT_TRANSLATED and use_english(message)
    ):
        _queue_again(message, None)
    elif action in FINAL or message.attempts >= MOST_ATTEMPTS:
        _give_up(message, action)
    elif action == Action.SLOW:
        # The number waits, and the message with it.
        _queue_again(message, None)
    elif action == Action.PAIR:
        pause = retry_after or 4.0 ** max(message.attempts, 1)
        _queue_again(message, _later(pause))
    else:
        pause = retry_after or FIRST_PAUSE_S * 6.0 ** max(message.attempts - 1, 0)
        _queue_again(message, _later(pause))


def use_fallback(message: OutboundMessage) -> bool:
    """Turn the text into the template that says the same; False where there is none."""
    fallback = message.extra.get("fallback")
    if message.kind != OutboundMessage.Kind.TEXT or not fallback:
        return False
    message.kind = OutboundMessage.Kind.TEMPLATE
    message.extra = fallback
    message.save(update_fields=["kind", "extra"])
    return True


def use_english(message: OutboundMessage) -> bool:
    """Send the template in English, once, where it was not approved in her language."""
    if message.kind != OutboundMessage.Kind.TEMPLATE:
        return False
    if message.extra.get("language") == ENGLISH:
        return False
    message.extra = {**message.extra, "language": ENGLISH}
    message.save(update_fields=["extra"])
    return True


def _settle_line(
    message: OutboundMessage,
    *,
    code: str,
    action: Action,
    retry_after: float | None,
    by_status: bool,
) -> None:
    """Draw what the answer says about our number."""
    if action == Action.STOP:
        circuit_breaker.open_circuit(message, code=code, by_status=by_status)
    elif action == Action.SLOW:
        circuit_breaker.slow_down(
            message, code=code, first_s=retry_after or FIRST_HOLD_S
        )
    if not message.is_probe:
        return
    if action in ABOUT_THE_PERSON:
        circuit_breaker.record_working(message)
    elif action != Action.STOP:
        circuit_breaker.release_probe(message)


def _later(seconds: float) -> datetime:
    # Jitter: what failed together shall not come back together.
    spread = random.uniform(0.85, 1.15)  # noqa: S311 - no secret
    return timezone.now() + timedelta(seconds=min(seconds * spread, LONGEST_PAUSE_S))


def _queue_again(message: OutboundMessage, at: datetime | None) -> None:
    message.state = State.QUEUED
    message.next_attempt_at = at
    message.is_probe = False
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
            "is_probe",
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
        consent.record_consent(
            profile=conversation.profile,
            kind=consent.Kind.STOP,
            source=consent.Source.REFUSED,
            cause=f"outbound:{message.pk}",
        )
    open_handoff(
        kind=HandOff.Kind.UNDELIVERED,
        profile=conversation.profile,
        conversation=conversation,
        reason=f"A message did not reach her. {describe(message.error_code)} "
        f"(code {message.error_code})",
    )

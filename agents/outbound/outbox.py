"""Store messages to customers with their cause, and handle failed attempts."""

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
from agents.whatsapp.error_table import Action, Rule, Scope, describe, rule_for
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
from rollout.incidents import incidents
from rollout.models import Incident, TimelineEntry
from rollout.notices import notices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Turn

logger = get_logger(__name__)

State = OutboundMessage.State
FREE_TEXTS = (OutboundMessage.Kind.TEXT, OutboundMessage.Kind.IMAGE)
OPEN = (State.QUEUED, State.SENDING, State.UNKNOWN)
FINAL = frozenset(
    {Action.WINDOW, Action.PERSON, Action.TEMPLATE, Action.BUG, Action.LOST}
)
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
    qr_of: str = "",
) -> OutboundMessage:
    """Store a message for its cause, once; a repeated cause returns the first one.

    Call it in the transaction of the cause, and then `jobs.enqueue_delivery`. The
    fallback template replaces the text when the window has closed before sending.
    `qr_of` is the voucher whose code the text is sent below, as an image.
    `is_first` spares a savepoint: the caller has locked the cause and knows that it has
    no message yet.
    """
    pairs = [b if isinstance(b, Button) else Button(*b) for b in buttons]
    longest = LONGEST_BUTTON_BODY if pairs else LONGEST_BODY
    message = OutboundMessage(
        conversation=conversation,
        turn=turn,
        cause=cause,
        kind=OutboundMessage.Kind.IMAGE if qr_of else _kind(pairs, template),
        body=shortened(body, longest),
        extra=_extra(pairs, template, fallback) | ({"qr_of": qr_of} if qr_of else {}),
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
    retry_after: float | None = None,
    by_status: bool = False,
) -> None:
    """Queue the message again, hold its sender, or give up and tell a colleague.

    The caller holds the message's row. `by_status`: the provider had accepted it.
    """
    rule = rule_for(code)
    action = rule.action
    message.error_code = code[:40]
    message.lease_expires_at = None
    is_held = _update_circuit(
        message, rule=rule, code=code, retry_after=retry_after, by_status=by_status
    )
    if is_held and action == Action.STOP:
        # The sender is at fault: the attempt does not count.
        message.attempts = max(message.attempts - 1, 0)
        _queue_again(message, None)
    elif (action == Action.WINDOW and use_fallback(message)) or (
        code == NOT_TRANSLATED and use_english(message)
    ):
        _queue_again(message, None)
    elif action in FINAL or message.attempts >= MOST_ATTEMPTS:
        _give_up(message, action)
    elif is_held:
        # The hold of the sender delays the message.
        _queue_again(message, None)
    else:
        if action == Action.PAIR:
            pause = 4.0 ** max(message.attempts, 1)
        else:
            pause = FIRST_PAUSE_S * 6.0 ** max(message.attempts - 1, 0)
        _queue_again(message, _later(retry_after or pause))


def use_fallback(message: OutboundMessage) -> bool:
    """Replace the text by its fallback template; return False without one."""
    fallback = message.extra.get("fallback")
    if message.kind not in FREE_TEXTS or not fallback:
        return False
    message.kind = OutboundMessage.Kind.TEMPLATE
    message.extra = fallback
    message.save(update_fields=["kind", "extra"])
    return True


def use_english(message: OutboundMessage) -> bool:
    """Switch a template to English; return False when it is in English already."""
    is_template = message.kind == OutboundMessage.Kind.TEMPLATE
    if not is_template or message.extra.get("language") == ENGLISH:
        return False
    message.extra = {**message.extra, "language": ENGLISH}
    message.save(update_fields=["extra"])
    return True


def _update_circuit(
    message: OutboundMessage,
    *,
    rule: Rule,
    code: str,
    retry_after: float | None,
    by_status: bool,
) -> bool:
    """Update the circuit breakers; return whether the sender is held."""
    is_held = False
    if rule.action == Action.STOP:
        is_held = circuit_breaker.open_circuit(
            message, scope=rule.scope, code=code, by_status=by_status
        )
    elif rule.action == Action.SLOW:
        is_held = circuit_breaker.slow_down(
            message, scope=rule.scope, code=code, first_s=retry_after or FIRST_HOLD_S
        )
    if message.is_probe and not (is_held and rule.action == Action.STOP):
        if rule.scope == Scope.PERSON:
            # The sender works.
            circuit_breaker.close_after_probe(message, by_status=by_status)
        else:
            circuit_breaker.release_probe(message)
    return is_held


def _later(seconds: float) -> datetime:
    # Jitter: spread the retries.
    spread = random.uniform(0.85, 1.15)  # noqa: S311 - no secret
    return timezone.now() + timedelta(seconds=min(seconds * spread, LONGEST_PAUSE_S))


def _queue_again(message: OutboundMessage, at: datetime | None) -> None:
    message.state = State.QUEUED
    message.next_attempt_at = at
    message.is_probe = False
    # The next attempt gets a new id; late statuses are found by our own id.
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
            "sender_holds",
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
    if action == Action.TEMPLATE:
        _report_template(message)
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
        reason=f"A message was not delivered. {describe(message.error_code)} "
        f"(code {message.error_code})",
    )


def _report_template(message: OutboundMessage) -> None:
    """Tell the contacts once that a template cannot be used; other messages go on."""
    name = str(message.extra.get("name", ""))[:60] or "unknown"
    text = (
        f"WhatsApp: the template {name} cannot be sent. "
        f"{describe(message.error_code)} (code {message.error_code})."
    )
    incident, is_new = incidents.get_or_open(
        key=f"whatsapp-template:{name}",
        title=f"A WhatsApp template cannot be sent (code {message.error_code})",
        severity=Incident.Severity.MEDIUM,
        opened_by=circuit_breaker.SYSTEM,
    )
    if is_new:
        incidents.write_entry(
            incident,
            kind=TimelineEntry.Kind.AUTO,
            author=circuit_breaker.SYSTEM,
            text=text,
        )
        notices.queue_notice(text=text, incident=incident)

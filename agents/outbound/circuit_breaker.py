"""A circuit breaker for each sender: a number, or the whole account.

Some errors concern the number or the account and not the message: its registration,
token, payment or quality. Then all its messages wait, and an incident is opened once.
After a pause one message is sent as a probe; its result closes the circuit or lengthens
the pause. A colleague can close it manually.

A message holds its sender once. While others wait, one of them is the next probe; and
refused again while the sender works for others, it is retried on its own.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.models import OutboundMessage, SendingLine
from agents.whatsapp.error_table import Scope, describe
from easymo.database import statements
from easymo.observability.logs import get_logger
from rollout.incidents import incidents
from rollout.models import Incident, TimelineEntry
from rollout.notices import notices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

logger = get_logger(__name__)

# The sender of every number.
ACCOUNT = SendingLine.ACCOUNT
OPEN_STATES = ("queued", "sending", "unknown")
FIRST_OPEN_S = 60.0
LONGEST_HOLD_S = 900.0
# Longer than the lease of a message that is being sent.
PROBE_LEASE = timedelta(seconds=30)
# How long to wait for the probe's status, when the error came as a status.
PROBE_STATUS_WAIT = timedelta(seconds=60)
# After a pause, how long a message that held the sender lets others be the probe.
OTHERS_FIRST = timedelta(seconds=30)
# At most one notice per incident in this time.
PAGE_AGAIN = timedelta(minutes=30)
SYSTEM = "easymo"
# Runs for every message.
HOLDS = """
SELECT EXISTS (
    SELECT FROM agents_sendingline WHERE phone_number_id IN (%s, %s) AND holds > 0
)
"""


def held_until(message: OutboundMessage, now: datetime) -> datetime | None:
    """Return until when the sender waits; None when the message can be sent now.

    With an open circuit the message becomes the probe, unless another one is.
    """
    number = message.conversation.phone_number_id
    message.is_probe = _is_held(number)
    if not message.is_probe:
        return None
    held = [sender for sender in _lock(number) if sender.holds]
    until = max((sender.held_until for sender in held), default=now)
    if until > now:
        return until
    stopped = [sender for sender in held if sender.is_open]
    is_repeated = bool(stopped) and message.sender_holds and now < until + OTHERS_FIRST
    if is_repeated and _has_other_probe(message, stopped, now):
        return until + OTHERS_FIRST
    if not all(_is_free(sender, message, now) for sender in stopped):
        return now + PROBE_LEASE
    for sender in stopped:
        sender.probe_id, sender.probe_expires_at = message.pk, now + PROBE_LEASE
        sender.save(update_fields=["probe_id", "probe_expires_at"])
    message.sender_trouble = stopped[0].error_code if stopped else ""
    return None


def _is_held(number: str) -> bool:
    [(is_held,)] = statements.rows(HOLDS, [number, ACCOUNT])
    return bool(is_held)


def _is_free(sender: SendingLine, message: OutboundMessage, now: datetime) -> bool:
    expires_at = sender.probe_expires_at
    return expires_at is None or expires_at <= now or sender.probe_id == message.pk


def _has_other_probe(
    message: OutboundMessage, stopped: Iterable[SendingLine], now: datetime
) -> bool:
    """Tell whether a message that has not held the sender can be the probe."""
    due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=now)
    others = OutboundMessage.objects.filter(
        due,
        state__in=OPEN_STATES,
        conversation__is_synthetic=False,
        sender_holds__lt=message.sender_holds,
    ).exclude(conversation=message.conversation_id)
    if all(sender.pk != ACCOUNT for sender in stopped):
        number = message.conversation.phone_number_id
        others = others.filter(conversation__phone_number_id=number)
    return others.exists()


def slow_down(
    message: OutboundMessage, *, scope: Scope, code: str, first_s: float
) -> bool:
    """Hold the sender for a while, longer with each consecutive hold.

    Return False where the message held it before: then it is retried on its own.
    """
    sender, _ = _locked(message, scope)
    now = timezone.now()
    if sender.is_open or (sender.holds and sender.held_until > now):
        # Messages sent before the hold: their errors count as one.
        return True
    if message.sender_holds:
        return False
    message.sender_holds += 1
    _hold(sender, code=code, first_s=first_s, now=now)
    return True


def open_circuit(
    message: OutboundMessage, *, scope: Scope, code: str, by_status: bool
) -> bool:
    """Open the circuit and report it; a failed probe lengthens the pause.

    Return False where the sender works and the message held it before: then it is
    retried on its own.
    """
    sender, other = _locked(message, scope)
    now = timezone.now()
    is_probe = message.pk in {sender.probe_id, other.probe_id if other else None}
    if sender.is_open and not is_probe:
        return True
    if not sender.is_open and message.sender_holds and not is_probe:
        return False
    message.sender_holds += 1
    if other is not None and other.probe_id == message.pk:
        # The probe of one sender showed that the other has an error.
        _release(other)
    _open(sender, code=code, by_status=by_status, now=now)
    return True


def open_by_report(*, number: str, scope: Scope, code: str) -> None:
    """Open the circuit because a webhook reports trouble without naming a message."""
    sender, _ = _locked_senders(number, scope)
    if not sender.is_open:
        _open(sender, code=code, by_status=True, now=timezone.now())


def _open(sender: SendingLine, *, code: str, by_status: bool, now: datetime) -> None:
    is_new = not sender.is_open
    if is_new:
        sender.holds = 0
        sender.is_open = True
        sender.is_by_status = by_status
        sender.since = now
        sender.closed_at, sender.closed_by, sender.close_reason = None, "", ""
    _hold(sender, code=code, first_s=FIRST_OPEN_S, now=now)
    if is_new:
        _report_open(sender, now)


def record_accepted(message: OutboundMessage) -> None:
    """Record that the provider accepted a message of a held sender."""
    now = timezone.now()
    for sender in _lock(message.conversation.phone_number_id):
        if not sender.is_open:
            if sender.held_until <= now and sender.holds:
                _close(sender, now, by=SYSTEM, reason="Messages are accepted again.")
        elif sender.probe_id == message.pk:
            if sender.is_by_status:
                sender.probe_expires_at = now + PROBE_STATUS_WAIT
                sender.save(update_fields=["probe_expires_at"])
            else:
                _close(sender, now, by=SYSTEM, reason="A probe was accepted.")


def close_after_probe(message: OutboundMessage, *, by_status: bool) -> None:
    """Close the circuit, because the result of the probe shows that the sender works.

    After trouble that came as a status, only a status shows it.
    """
    for sender in _lock(message.conversation.phone_number_id):
        if not sender.is_open or sender.probe_id != message.pk:
            continue
        if by_status or not sender.is_by_status:
            _close(sender, timezone.now(), by=SYSTEM, reason="A probe was accepted.")
        else:
            _release(sender)


def release_probe(message: OutboundMessage) -> None:
    """Let another message be the probe, because this result was inconclusive."""
    for sender in _lock(message.conversation.phone_number_id):
        if sender.probe_id == message.pk:
            _release(sender)


def _release(sender: SendingLine) -> None:
    sender.probe_id = sender.probe_expires_at = None
    sender.save(update_fields=["probe_id", "probe_expires_at"])


def close_manually(*, sender: SendingLine, reason: str, actor: str) -> bool:
    """Close the circuit now; return False when it is closed already."""
    with transaction.atomic():
        row = SendingLine.objects.select_for_update().get(pk=sender.pk)
        if not row.holds:
            return False
        _close(row, timezone.now(), by=actor, reason=reason)
        # The trouble is said to be over: any message may report it again.
        _waiting_of(row).exclude(sender_holds=0).update(sender_holds=0)
    return True


def _waiting_of(sender: SendingLine) -> QuerySet[OutboundMessage]:
    waiting = OutboundMessage.objects.filter(state__in=OPEN_STATES)
    if sender.pk == ACCOUNT:
        return waiting
    return waiting.filter(conversation__phone_number_id=sender.pk)


def held_messages(now: datetime) -> Q:
    """Return the condition for messages that cannot be sent now."""
    probing = Q(is_open=True, probe_expires_at__gt=now)
    rows = SendingLine.objects.filter(Q(held_until__gt=now) | probing, holds__gt=0)
    held = list(rows.values_list("pk", flat=True))
    real = Q(conversation__is_synthetic=False)
    if ACCOUNT in held:
        return real
    return real & Q(conversation__phone_number_id__in=held)


def _lock(number: str) -> list[SendingLine]:
    """Lock the senders of a number, always in the same order."""
    rows = SendingLine.objects.select_for_update().filter(pk__in=[number, ACCOUNT])
    return list(rows.order_by("pk"))


def _locked(
    message: OutboundMessage, scope: Scope
) -> tuple[SendingLine, SendingLine | None]:
    return _locked_senders(message.conversation.phone_number_id, scope)


def _locked_senders(
    number: str, scope: Scope
) -> tuple[SendingLine, SendingLine | None]:
    """Lock the senders of a number; return the one of the scope, and the other."""
    key = ACCOUNT if scope == Scope.ACCOUNT else number
    SendingLine.objects.bulk_create(
        [SendingLine(pk=key, held_until=timezone.now(), holds=0)],
        ignore_conflicts=True,
    )
    rows = {row.pk: row for row in _lock(number)}
    return rows.pop(key), next(iter(rows.values()), None)


def _hold(sender: SendingLine, *, code: str, first_s: float, now: datetime) -> None:
    # Jitter: spread the retries.
    spread = random.uniform(0.85, 1.15)  # noqa: S311 - no secret
    seconds = min(first_s * 2.0 ** min(sender.holds, 16), LONGEST_HOLD_S) * spread
    sender.held_until = now + timedelta(seconds=seconds)
    sender.error_code = code[:40]
    sender.holds += 1
    sender.probe_id = sender.probe_expires_at = None
    sender.save()
    logger.error(
        "ai.whatsapp.send.error",
        code=code,
        held="account" if sender.pk == ACCOUNT else "number",
        stopped=sender.is_open,
        holds=sender.holds,
    )


def _close(sender: SendingLine, now: datetime, *, by: str, reason: str) -> None:
    was_open, code = sender.is_open, sender.error_code
    sender.is_open = sender.is_by_status = False
    sender.holds = 0
    sender.held_until = now
    sender.probe_id = sender.probe_expires_at = None
    sender.closed_at, sender.closed_by, sender.close_reason = (
        now,
        by[:150],
        reason[:500],
    )
    sender.save()
    logger.warning("ai.whatsapp.line.closed", code=code, by=by)
    if was_open:
        _report_closed(sender, by=by, reason=reason)


def _report_open(sender: SendingLine, now: datetime) -> None:
    """Open the incident of the sender, and send a notice unless one was just sent."""
    name = "the account" if sender.pk == ACCOUNT else "a sending number"
    text = (
        f"WhatsApp: {name} is stopped. {describe(sender.error_code)} "
        f"(code {sender.error_code}). Messages wait; see Sending numbers in the admin."
    )
    what = "The WhatsApp account" if sender.pk == ACCOUNT else "A WhatsApp number"
    incident = incidents.open_incident(
        key=_key(sender),
        title=f"{what} cannot send (code {sender.error_code})",
        severity=Incident.Severity.HIGH,
        opened_by=SYSTEM,
    )
    incidents.reopen_or_raise(incident, severity=Incident.Severity.HIGH, author=SYSTEM)
    incidents.write_entry(
        incident, kind=TimelineEntry.Kind.AUTO, author=SYSTEM, text=text
    )
    if not incident.notices.filter(created_at__gt=now - PAGE_AGAIN).exists():
        notices.queue_notice(text=text, incident=incident)


def _report_closed(sender: SendingLine, *, by: str, reason: str) -> None:
    incident = Incident.objects.filter(
        dedupe_key=_key(sender), resolved_at__isnull=True
    ).first()
    if incident is None:
        return
    works = f"{'The account' if sender.pk == ACCOUNT else 'The number'} sends again."
    incidents.write_entry(
        incident, kind=TimelineEntry.Kind.AUTO, author=by, text=f"{works} {reason}"
    )
    if incident.status == Incident.Status.OPEN:
        incidents.set_status(
            incident=incident,
            status=Incident.Status.MITIGATED,
            reason=works,
            author=by,
        )


def _key(sender: SendingLine) -> str:
    return f"whatsapp-line:{sender.pk}"

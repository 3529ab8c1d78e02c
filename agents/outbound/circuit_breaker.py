"""A circuit breaker for each sending number.

Some errors concern the number and not the message: its token, payment or quality. Then
all its messages wait, and an incident is opened once. After a pause one message is sent
as a probe; its result closes the circuit or lengthens the pause. A colleague can close
it manually.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from agents.models import SendingLine
from agents.whatsapp.error_table import describe
from easymo.observability.logs import get_logger
from rollout.incidents import incidents
from rollout.models import Incident, TimelineEntry
from rollout.notices import notices

if TYPE_CHECKING:
    from agents.models import OutboundMessage

logger = get_logger(__name__)

FIRST_OPEN_S = 60.0
LONGEST_HOLD_S = 900.0
# Longer than the lease of a message that is being sent.
PROBE_LEASE = timedelta(seconds=30)
# How long to wait for the probe's status, when the error came as a status.
PROBE_STATUS_WAIT = timedelta(seconds=60)
# At most one notice per incident in this time.
PAGE_AGAIN = timedelta(minutes=30)
SYSTEM = "easymo"
# Runs for every message.
HOLDS = """
SELECT EXISTS (
    SELECT FROM agents_sendingline WHERE phone_number_id = %s AND holds > 0
)
"""


def held_until(message: OutboundMessage, now: datetime) -> datetime | None:
    """Return until when the number waits; None when the message can be sent now.

    With an open circuit the message becomes the probe, unless another one is.
    """
    sender = _held(message.conversation.phone_number_id)
    message.is_probe = sender is not None
    if sender is None:
        return None
    if sender.held_until > now:
        return sender.held_until
    if not sender.is_open:
        return None
    until = now + PROBE_LEASE
    is_free = Q(probe_expires_at=None) | Q(probe_expires_at__lte=now)
    claimed = SendingLine.objects.filter(
        is_free | Q(probe_id=message.pk),
        pk=sender.pk,
        is_open=True,
        held_until__lte=now,
    ).update(probe_id=message.pk, probe_expires_at=until)
    return None if claimed else until


def _held(number: str) -> SendingLine | None:
    with connection.cursor() as cursor:
        cursor.execute(HOLDS, [number])
        holds = cursor.fetchone()[0]
    return SendingLine.objects.get(pk=number) if holds else None


def slow_down(message: OutboundMessage, *, code: str, first_s: float) -> None:
    """Hold the number for a while, longer with each consecutive hold."""
    sender = _locked(message.conversation.phone_number_id)
    now = timezone.now()
    if sender.is_open or (sender.holds and sender.held_until > now):
        # Messages sent before the hold: their errors count as one.
        return
    _hold(sender, code=code, first_s=first_s, now=now)


def open_circuit(message: OutboundMessage, *, code: str, by_status: bool) -> None:
    """Open the circuit and report it; a failed probe lengthens the pause."""
    sender = _locked(message.conversation.phone_number_id)
    now = timezone.now()
    if sender.is_open and sender.probe_id != message.pk:
        return
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
    """Record that the provider accepted a message of a held number."""
    sender = _locked(message.conversation.phone_number_id)
    now = timezone.now()
    if not sender.is_open:
        if sender.held_until <= now and sender.holds:
            _close(sender, now, by=SYSTEM, reason="Messages are accepted again.")
    elif sender.probe_id == message.pk:
        if sender.is_by_status:
            sender.probe_expires_at = now + PROBE_STATUS_WAIT
            sender.save(update_fields=["probe_expires_at"])
        else:
            _close(sender, now, by=SYSTEM, reason="A probe was accepted.")


def close_after_probe(message: OutboundMessage) -> None:
    """Close the circuit, because the result of the probe shows that the number works."""
    sender = _locked(message.conversation.phone_number_id)
    if sender.is_open and sender.probe_id == message.pk:
        _close(sender, timezone.now(), by=SYSTEM, reason="A probe was accepted.")


def release_probe(message: OutboundMessage) -> None:
    """Let another message be the probe, because this result was inconclusive."""
    SendingLine.objects.filter(
        pk=message.conversation.phone_number_id, probe_id=message.pk
    ).update(probe_id=None, probe_expires_at=None)


def close_manually(*, sender: SendingLine, reason: str, actor: str) -> bool:
    """Close the circuit now; return False when it is closed already."""
    with transaction.atomic():
        row = SendingLine.objects.select_for_update().get(pk=sender.pk)
        if not row.holds:
            return False
        _close(row, timezone.now(), by=actor, reason=reason)
    return True


def held_numbers(now: datetime) -> list[str]:
    """Return the numbers that cannot send now."""
    probing = Q(is_open=True, probe_expires_at__gt=now)
    rows = SendingLine.objects.filter(Q(held_until__gt=now) | probing, holds__gt=0)
    return list(rows.values_list("pk", flat=True))


def _locked(number: str) -> SendingLine:
    SendingLine.objects.bulk_create(
        [SendingLine(pk=number, held_until=timezone.now(), holds=0)],
        ignore_conflicts=True,
    )
    return SendingLine.objects.select_for_update().get(pk=number)


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
        held="number",
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
    """Open the incident of this number, and send a notice unless one was just sent."""
    text = (
        f"WhatsApp: a sending number is stopped. {describe(sender.error_code)} "
        f"(code {sender.error_code}). Messages wait; see Sending numbers in the admin."
    )
    incident = incidents.open_incident(
        key=_key(sender),
        title=f"A WhatsApp number cannot send (code {sender.error_code})",
        severity=Incident.Severity.HIGH,
        opened_by=SYSTEM,
    )
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
    text = f"The number sends again. {reason}"
    incidents.write_entry(incident, kind=TimelineEntry.Kind.AUTO, author=by, text=text)
    if incident.status == Incident.Status.OPEN:
        incidents.set_status(
            incident=incident,
            status=Incident.Status.MITIGATED,
            reason="The number sends again.",
            author=by,
        )


def _key(sender: SendingLine) -> str:
    return f"whatsapp-line:{sender.pk}"

"""A circuit breaker for each number of ours that sends.

Some refusals concern no message but our number: its token, its payment, its standing.
Then everything waits: trying on would make it worse. The circuit opens and somebody is
called, once; after a pause one message goes out as a probe, and its outcome closes the
circuit or lengthens the pause. A person may close it by hand.
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
# How long the probe's status may take, where the refusal came as a status.
PROBE_STATUS_WAIT = timedelta(seconds=60)
# One page for the same trouble in this time, however often it comes and goes.
PAGE_AGAIN = timedelta(minutes=30)
SYSTEM = "easymo"
# Asked for every message.
HOLDS = """
SELECT EXISTS (
    SELECT FROM agents_sendingline WHERE phone_number_id = %s AND holds > 0
)
"""


def held_until(message: OutboundMessage, now: datetime) -> datetime | None:
    """Return until when its number waits; None: it may go, perhaps as the probe."""
    line = _holding(message.conversation.phone_number_id)
    message.is_probe = line is not None
    if line is None:
        return None
    if line.held_until > now:
        return line.held_until
    if not line.is_open:
        return None
    until = now + PROBE_LEASE
    free = Q(probe_expires_at=None) | Q(probe_expires_at__lte=now)
    taken = SendingLine.objects.filter(
        free | Q(probe_id=message.pk), pk=line.pk, is_open=True, held_until__lte=now
    ).update(probe_id=message.pk, probe_expires_at=until)
    return None if taken else until


def _holding(number: str) -> SendingLine | None:
    with connection.cursor() as cursor:
        cursor.execute(HOLDS, [number])
        holds = cursor.fetchone()[0]
    return SendingLine.objects.get(pk=number) if holds else None


def slow_down(message: OutboundMessage, *, code: str, first_s: float) -> None:
    """Let nothing of this number go for a while, longer each time in a row."""
    line = _locked(message.conversation.phone_number_id)
    now = timezone.now()
    if line.is_open or (line.holds and line.held_until > now):
        # Many were on their way when the first was refused: that is one refusal.
        return
    _hold(line, code=code, first_s=first_s, now=now)


def open_circuit(message: OutboundMessage, *, code: str, by_status: bool) -> None:
    """Open the circuit of this number and call somebody; a failed probe waits longer."""
    line = _locked(message.conversation.phone_number_id)
    now = timezone.now()
    if line.is_open and line.probe_id != message.pk:
        return
    is_new = not line.is_open
    if is_new:
        line.holds = 0
        line.is_open = True
        line.is_by_status = by_status
        line.since = now
        line.closed_at, line.closed_by, line.close_reason = None, "", ""
    _hold(line, code=code, first_s=FIRST_OPEN_S, now=now)
    if is_new:
        _page(line, now)


def record_accepted(message: OutboundMessage) -> None:
    """Note that a message of a held number was taken by the provider."""
    line = _locked(message.conversation.phone_number_id)
    now = timezone.now()
    if not line.is_open:
        if line.held_until <= now and line.holds:
            _close(line, now, by=SYSTEM, reason="Messages are taken again.")
    elif line.probe_id == message.pk:
        if line.is_by_status:
            line.probe_expires_at = now + PROBE_STATUS_WAIT
            line.save(update_fields=["probe_expires_at"])
        else:
            _close(line, now, by=SYSTEM, reason="A message got through.")


def record_working(message: OutboundMessage) -> None:
    """Note that the provider spoke of the message alone: the number is not stopped."""
    line = _locked(message.conversation.phone_number_id)
    if line.is_open and line.probe_id == message.pk:
        _close(line, timezone.now(), by=SYSTEM, reason="A message got through.")


def release_probe(message: OutboundMessage) -> None:
    """Let another message try: the outcome of this one told nothing."""
    SendingLine.objects.filter(
        pk=message.conversation.phone_number_id, probe_id=message.pk
    ).update(probe_id=None, probe_expires_at=None)


def close_manually(*, line: SendingLine, reason: str, actor: str) -> bool:
    """Let the number send again at once; False when it does already."""
    with transaction.atomic():
        row = SendingLine.objects.select_for_update().get(pk=line.pk)
        if not row.holds:
            return False
        _close(row, timezone.now(), by=actor, reason=reason)
    return True


def held_numbers(now: datetime) -> list[str]:
    """Return the numbers of which nothing may go now."""
    probing = Q(is_open=True, probe_expires_at__gt=now)
    rows = SendingLine.objects.filter(Q(held_until__gt=now) | probing, holds__gt=0)
    return list(rows.values_list("pk", flat=True))


def _locked(number: str) -> SendingLine:
    SendingLine.objects.bulk_create(
        [SendingLine(pk=number, held_until=timezone.now(), holds=0)],
        ignore_conflicts=True,
    )
    return SendingLine.objects.select_for_update().get(pk=number)


def _hold(line: SendingLine, *, code: str, first_s: float, now: datetime) -> None:
    # Jitter: what failed together shall not come back together.
    spread = random.uniform(0.85, 1.15)  # noqa: S311 - no secret
    seconds = min(first_s * 2.0 ** min(line.holds, 16), LONGEST_HOLD_S) * spread
    line.held_until = now + timedelta(seconds=seconds)
    line.error_code = code[:40]
    line.holds += 1
    line.probe_id = line.probe_expires_at = None
    line.save()
    logger.error(
        "ai.whatsapp.send.error",
        code=code,
        held="number",
        stopped=line.is_open,
        holds=line.holds,
    )


def _close(line: SendingLine, now: datetime, *, by: str, reason: str) -> None:
    was_open, code = line.is_open, line.error_code
    line.is_open = line.is_by_status = False
    line.holds = 0
    line.held_until = now
    line.probe_id = line.probe_expires_at = None
    line.closed_at, line.closed_by, line.close_reason = now, by[:150], reason[:500]
    line.save()
    logger.warning("ai.whatsapp.line.closed", code=code, by=by)
    if was_open:
        _tell_closed(line, by=by, reason=reason)


def _page(line: SendingLine, now: datetime) -> None:
    """Open the incident of this number, and call somebody unless it was just done."""
    text = (
        f"WhatsApp: a number of ours may not send. {describe(line.error_code)} "
        f"(code {line.error_code}). Messages wait; see Sending numbers in the admin."
    )
    incident = incidents.open_incident(
        key=_key(line),
        title=f"A WhatsApp number may not send (code {line.error_code})",
        severity=Incident.Severity.HIGH,
        opened_by=SYSTEM,
    )
    incidents.write_entry(
        incident, kind=TimelineEntry.Kind.AUTO, author=SYSTEM, text=text
    )
    if not incident.notices.filter(created_at__gt=now - PAGE_AGAIN).exists():
        notices.queue_notice(text=text, incident=incident)


def _tell_closed(line: SendingLine, *, by: str, reason: str) -> None:
    incident = Incident.objects.filter(
        dedupe_key=_key(line), resolved_at__isnull=True
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


def _key(line: SendingLine) -> str:
    return f"whatsapp-line:{line.pk}"

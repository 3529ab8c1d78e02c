"""The worker's part of the audit: checkpoints, their e-mail, and the daily check."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from easymo.observability import upkeep
from easymo.observability.logs import get_logger
from rollout.core.jobs import enqueue_notices
from rollout.incidents import incidents
from rollout.models import Incident
from rollout.notices import notices, transports
from vouchers.audit import checkpoint, copies
from vouchers.audit.verify import VerificationRun
from vouchers.models import Checkpoint, Verification

if TYPE_CHECKING:
    from vouchers.trail import Broken

logger = get_logger(__name__)

KEY = "audit"
WRITE, VERIFY = "vouchers.checkpoint", "vouchers.verify"
JOBS = (WRITE, VERIFY)
# Batches of vouchers in one slice; then the progress is stored.
SLICE = 50
# An unfinished check that is older begins again.
TOO_OLD = timedelta(days=1)
MOST_NAMED = 5


def write_checkpoint() -> int | None:
    """Write a checkpoint if one is due; return its number.

    A fault opens an incident. While the records are damaged nothing is written.
    """
    written: list[int] = []

    def work() -> int:
        if not checkpoint.is_due():
            return 0
        try:
            result = checkpoint.write()
        except checkpoint.CheckpointRefused as error:
            open_incident([str(error)])
            return 0
        if result.broken:
            open_incident([_sentence(each) for each in result.broken])
        written.append(result.checkpoint.number)
        return 1

    upkeep.run(WRITE, work)
    return written[0] if written else None


async def mail_first_of_day(number: int) -> None:
    """Send the day's first checkpoint to the addresses of the operator."""
    if not settings.AUDIT_CHECKPOINT_EMAILS:
        return
    row = await Checkpoint.objects.aget(number=number)
    earlier = Checkpoint.objects.filter(created_at__date=row.created_at.date())
    if await earlier.filter(number__lt=number).aexists():
        return
    text = (
        "Keep this e-mail. It shows later whether the vouchers of this day were"
        " changed.\nTo compare: save the line below as a file and run"
        f" python manage.py audit verify --copy FILE\n\n{copies.text_of(row)}\n"
    )
    for address in settings.AUDIT_CHECKPOINT_EMAILS:
        try:
            await transports.send_email(
                to=address,
                subject=f"Voucher checkpoint {number}",
                text=text,
                key=f"checkpoint-{number}",
            )
        except transports.TransportError as error:
            logger.error("voucher.checkpoint.mail", number=number, error=error.code)  # noqa: TRY400


def verify_slice() -> bool:
    """Check the next vouchers of today's check; tell whether it is finished."""
    finished: list[bool] = []

    def work() -> int:
        row = _current_run()
        if row is None:
            finished.append(True)
            return 0
        before = row.checked
        finished.append(_check(row))
        return row.checked - before

    upkeep.run(VERIFY, work)
    return finished[0]


def _current_run() -> Verification | None:
    """Return the check to continue or a new one; None when today's is done."""
    last = Verification.objects.order_by("-started_at").first()
    now = timezone.now()
    if last is not None:
        if last.finished_at is None and now - last.started_at < TOO_OLD:
            return last
        if last.finished_at and last.started_at.date() == now.date():
            return None
    return Verification.objects.create(started_at=now)


def _check(row: Verification) -> bool:
    run = VerificationRun(after=row.after, checked=row.checked)
    found = list(run.check_checkpoints())
    # The faults of the checkpoints are the same in each slice.
    count = 0 if row.after else len(found)
    for faults in itertools.islice(run.steps(), SLICE):
        count += len(faults)
        found += faults[:MOST_NAMED]
    row.after, row.checked, row.broken = run.after, run.checked, row.broken + count
    row.finished_at = timezone.now() if run.is_finished else None
    row.save()
    if found:
        open_incident([_sentence(each) for each in found])
    if run.is_finished:
        logger.info("voucher.verified", checked=row.checked, broken=row.broken)
    for note in sorted(run.baseline.notes):
        logger.warning("voucher.verify.note", note=note)
    return run.is_finished


def open_incident(faults: list[str]) -> bool:
    """Open the incident of a broken trail; tell whether it is new."""
    with transaction.atomic():
        incident, is_new = incidents.get_or_open(
            key=KEY,
            title="Voucher records were changed outside of the application",
            severity=Incident.Severity.HIGH,
            opened_by="easymo",
        )
        if is_new:
            named = " ".join(faults[:MOST_NAMED])
            more = len(faults) - MOST_NAMED
            notices.queue_notice(
                incident=incident,
                text=f"The check of the vouchers found faults (incident {incident.pk})."
                f" {named}{f' And {more} more.' if more > 0 else ''} Keep the database as"
                " it is and run: manage.py audit verify.",
            )
            enqueue_notices()
    logger.error("voucher.audit.broken", faults=len(faults), incident_id=incident.pk)
    return is_new


def _sentence(fault: Broken) -> str:
    step = "" if fault.seq is None else f", step {fault.seq}"
    return f"{fault.voucher}{step}: {fault.why}"

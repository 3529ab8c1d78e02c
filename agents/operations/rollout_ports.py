"""What the rollout asks of this app: people, the previous workflow, evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from agents.forwarding import sending
from agents.forwarding.queue import is_set_up
from agents.models import ForwardedItem, ForwardTarget
from easymo.observability.logs import get_logger
from easymo.observability.privacy import mask_msisdn
from easymo.sentences import translatable
from rollout.core.errors import UnknownPerson
from rollout.core.ports import PreviousWorkflow
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn
from vouchers.msisdn import parse as parse_msisdn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

# A page needs no larger count.
MOST_COUNTED = 100_000
logger = get_logger(__name__)


def subject_of(text_entered: str) -> str | None:
    """Return the subject behind a number or a public id.

    None for an unknown number. Raises UnknownPerson for anything else.
    """
    if _is_id(text_entered):
        if Profile.objects.filter(public_id=UUID(text_entered)).exists():
            return str(UUID(text_entered))
        raise UnknownPerson(translatable("No person has this id."))
    try:
        number = parse_msisdn(text_entered)
    except InvalidMsisdn as error:
        raise UnknownPerson(
            translatable(
                "That is neither a telephone number (0788123456, 250788123456 or +250 788 123 456) nor the id that the person's page shows."
            )
        ) from error
    found = Profile.objects.filter(msisdn=number).values_list("public_id", flat=True)
    public_id = found.first()
    return str(public_id) if public_id else None


def labels(subjects: Sequence[str]) -> Mapping[str, str]:
    """Return labels for these people: their role and masked number."""
    rows = Profile.objects.filter(public_id__in=[s for s in subjects if _is_id(s)])
    return {
        str(row.public_id): f"{row.get_role_display()} {mask_msisdn(row.msisdn)}"
        for row in rows.only("public_id", "role", "msisdn")
    }


def are_staff(subjects: Sequence[str]) -> Mapping[str, bool]:
    """Tell for each subject whether it is staff; sandbox people are not."""
    rows = Profile.objects.filter(
        public_id__in=[s for s in subjects if _is_id(s)],
        role__in=[Profile.Role.STAFF, Profile.Role.SUPPORT],
        is_sandbox=False,
    )
    ours = {str(found) for found in rows.values_list("public_id", flat=True)}
    return {subject: subject in ours for subject in subjects}


def previous_workflow() -> PreviousWorkflow | None:
    """Return the state of forwarding, or None where none is configured. Two queries."""
    if not is_set_up():
        return None
    queued = ForwardedItem.objects.filter(state=ForwardedItem.State.QUEUED)
    # The index gives the oldest first; the count is bounded.
    times = list(queued.order_by("created_at").values_list("created_at", flat=True)[:1])
    waiting = queued.order_by()[:MOST_COUNTED].count() if times else 0
    target = ForwardTarget.objects.filter(pk=1).first()
    return PreviousWorkflow(
        waiting=waiting,
        oldest_age_s=_age(times[0]) if times else None,
        last_error=target.error_code if target else "",
        last_error_at=target.failed_at if target else None,
        last_ok_at=target.sent_at if target else None,
    )


def probe_previous_workflow() -> bool | None:
    """Send a signed, empty batch to the previous workflow and store the result."""
    if not is_set_up():
        return None
    error = sending.probe()
    now = timezone.now()
    ForwardTarget.objects.get_or_create(pk=1)
    target = ForwardTarget.objects.filter(pk=1)
    if error:
        target.update(error_code=error[:40], failed_at=now)
    else:
        target.update(sent_at=now)
    logger.info("ai.whatsapp.forward.probed", error=error or None)
    return not error


def _age(at: datetime) -> float:
    return max(0.0, (timezone.now() - at).total_seconds())


def _is_id(subject: str) -> bool:
    try:
        UUID(subject)
    except ValueError:
        return False
    return True


def is_customer(msisdn: str) -> bool:
    """Tell whether an E.164 number belongs to a known person.

    Sandbox people count: their numbers are leaked on purpose to test the detection.
    """
    return Profile.objects.filter(msisdn=msisdn).exists()

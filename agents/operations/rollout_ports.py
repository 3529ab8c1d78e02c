"""What the operator's page asks of this app: people by number, the previous workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from agents.forwarding import sending
from agents.forwarding.queue import is_set_up
from agents.models import ForwardedItem, ForwardTarget
from agents.operations import value_checks
from agents.outcomes import spending
from easymo.observability.logs import get_logger
from easymo.observability.privacy import mask_msisdn
from rollout.core.errors import UnknownPerson
from rollout.core.ports import PreviousWorkflow, ports
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn
from vouchers.msisdn import parse as parse_msisdn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

# A page asks how much waits, not how many million.
MOST_COUNTED = 100_000
logger = get_logger(__name__)


def register_people_ports() -> None:
    """Fill the slots that are about people and the previous workflow."""
    ports.subject_of = subject_of
    ports.labels = labels
    ports.is_staff = are_staff
    ports.previous_workflow = previous_workflow
    ports.probe_previous_workflow = probe_previous_workflow


def subject_of(pasted: str) -> str | None:
    """Return the subject behind a number or a public id.

    None: the number of nobody we know yet. Raises UnknownPerson for anything else.
    """
    if _is_id(pasted):
        if Profile.objects.filter(public_id=UUID(pasted)).exists():
            return str(UUID(pasted))
        raise UnknownPerson("Nobody has that id.")
    try:
        number = parse_msisdn(pasted)
    except InvalidMsisdn as error:
        raise UnknownPerson(
            "That is neither a telephone number (0788123456, 250788123456 or"
            " +250 788 123 456) nor a person's id (as on her page)."
        ) from error
    found = Profile.objects.filter(msisdn=number).values_list("public_id", flat=True)
    public_id = found.first()
    return str(public_id) if public_id else None


def labels(subjects: Sequence[str]) -> Mapping[str, str]:
    """Return what a page may call these people: their role and a masked number."""
    rows = Profile.objects.filter(public_id__in=[s for s in subjects if _is_id(s)])
    return {
        str(row.public_id): f"{row.get_role_display()} {mask_msisdn(row.msisdn)}"
        for row in rows.only("public_id", "role", "msisdn")
    }


def are_staff(subjects: Sequence[str]) -> Mapping[str, bool]:
    """Tell who of them are our own people; the sandbox's are nobody."""
    rows = Profile.objects.filter(
        public_id__in=[s for s in subjects if _is_id(s)],
        role__in=[Profile.Role.STAFF, Profile.Role.SUPPORT],
        is_sandbox=False,
    )
    ours = {str(found) for found in rows.values_list("public_id", flat=True)}
    return {subject: subject in ours for subject in subjects}


def previous_workflow() -> PreviousWorkflow | None:
    """Return how sending on goes; None where nothing is configured. Two queries."""
    if not is_set_up():
        return None
    queued = ForwardedItem.objects.filter(state=ForwardedItem.State.QUEUED)
    # The index gives the oldest first, and no more are read than can be told.
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
    """Ask the other side with a signed, empty batch; what it says is written down."""
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


def register_evidence_ports() -> None:
    """Fill the rollout's slots."""
    ports.spend_since = spending.since
    ports.is_customer = is_customer
    ports.value_errors_since = value_checks.errors_since


def is_customer(msisdn: str) -> bool:
    """Tell whether a number, as E.164, is somebody's whom we know.

    Sandbox people count: theirs are the numbers that are written out on purpose to
    see whether anybody notices.
    """
    return Profile.objects.filter(msisdn=msisdn).exists()

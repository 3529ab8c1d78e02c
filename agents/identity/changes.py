"""Process identity changes that WhatsApp reports: stored and disputed, never applied.

One effect is immediate and protective: a number that its owner gave up no longer
identifies them, because the number can be sold to another person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.core.serving import our_number
from agents.identity.disputes import open_dispute
from agents.identity.resolution import (
    find_profile,
    lock_profile,
    profile_by_bsuid,
)
from agents.models import Identity, IdentityClaim
from agents.whatsapp.user_updates import ChangeKind
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.whatsapp.user_updates import IdentityChange
    from vouchers.models import Profile

logger = get_logger(__name__)

Dispute = IdentityClaim.Kind


def process_identity_change(
    change: IdentityChange, *, is_synthetic: bool
) -> Profile | None:
    """Store one change and return its person; a change creates no customer."""
    if change.phone_number_id != our_number():
        return None
    person = find_profile(number=change.old_number, bsuid=change.old_bsuid)
    if person is None or person.is_sandbox != is_synthetic:
        logger.info("ai.identity.change.ignored", what=str(change.kind))
        return None
    person = lock_profile(person)
    logger.info("ai.identity.changed", profile_id=person.pk, what=str(change.kind))
    match change.kind:
        case ChangeKind.DEVICE:
            open_dispute(kind=Dispute.DEVICE_CHANGED, profile=person)
        case ChangeKind.NUMBER:
            _number_changed(person, change)
        case ChangeKind.USER_ID:
            if change.bsuid and profile_by_bsuid(change.bsuid) != person:
                _dispute(Dispute.ID_CHANGED, person, change)
    return person


def _number_changed(person: Profile, change: IdentityChange) -> None:
    if not change.number or change.number == person.msisdn:
        # Reported again after a colleague bound the number.
        return
    if change.old_number and change.old_number == person.msisdn:
        left = Identity(
            kind=Identity.Kind.LEFT_NUMBER, value=change.old_number, profile=person
        )
        Identity.objects.bulk_create([left], ignore_conflicts=True)
    _dispute(Dispute.NUMBER_CHANGED, person, change)


def _dispute(kind: IdentityClaim.Kind, person: Profile, change: IdentityChange) -> None:
    other = find_profile(number=change.number, bsuid=change.bsuid)
    open_dispute(
        kind=kind,
        profile=person,
        other=other if other != person else None,
        bsuid=change.bsuid,
        number=change.number,
    )

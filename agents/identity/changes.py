"""What WhatsApp tells about names that changed: noted and asked, never obeyed.

The one thing that takes effect at once protects: a number that its person has given
up no longer names her, for the next one who buys it would be her.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.core.serving import our_number
from agents.identity.disputes import open_dispute
from agents.identity.resolution import (
    find_profile,
    lock_profile,
    profile_by_bsuid,
    profile_by_number,
)
from agents.models import Identity, IdentityClaim
from agents.whatsapp.user_updates import ChangeKind
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.whatsapp.user_updates import IdentityChange
    from vouchers.models import Profile

logger = get_logger(__name__)

Claim = IdentityClaim.Kind


def process_identity_change(
    change: IdentityChange, *, is_synthetic: bool
) -> Profile | None:
    """Note one change and return whose it is; nobody becomes a customer by it."""
    if change.phone_number_id != our_number():
        return None
    person = find_profile(number=change.old_number, bsuid=change.old_bsuid)
    if person is None or person.is_sandbox != is_synthetic:
        logger.info("ai.identity.change.ignored", what=str(change.what))
        return None
    person = lock_profile(person)
    logger.info("ai.identity.changed", profile_id=person.pk, what=str(change.what))
    match change.what:
        case ChangeKind.DEVICE:
            open_dispute(kind=Claim.DEVICE_CHANGED, profile=person)
        case ChangeKind.NUMBER:
            _number_changed(person, change)
        case ChangeKind.USER_ID:
            _id_changed(person, change)
    return person


def _number_changed(person: Profile, change: IdentityChange) -> None:
    if not change.number or change.number == person.msisdn:
        # Told again after one of us has written it down.
        return
    if change.old_number and change.old_number == person.msisdn:
        Identity.objects.bulk_create(
            [
                Identity(
                    kind=Identity.Kind.LEFT_NUMBER,
                    value=change.old_number,
                    profile=person,
                )
            ],
            ignore_conflicts=True,
        )
    open_dispute(
        kind=Claim.NUMBER_CHANGED,
        profile=person,
        other=_somebody_else(person, change),
        bsuid=change.bsuid,
        number=change.number,
    )


def _id_changed(person: Profile, change: IdentityChange) -> None:
    if not change.bsuid or profile_by_bsuid(change.bsuid) == person:
        return
    open_dispute(
        kind=Claim.ID_CHANGED,
        profile=person,
        other=_somebody_else(person, change),
        bsuid=change.bsuid,
    )


def _somebody_else(person: Profile, change: IdentityChange) -> Profile | None:
    other = profile_by_bsuid(change.bsuid) or profile_by_number(change.number)
    return other if other != person else None

"""What WhatsApp tells about names that changed: noted and asked, never obeyed.

The one thing that takes effect at once protects: a number that its person has given
up no longer names her, for the next one who buys it would be her.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.core.serving import our_number
from agents.identity.disputes import claim
from agents.identity.resolution import by_bsuid, by_number, find_person, lock_person
from agents.models import Identity, IdentityClaim
from agents.whatsapp.user_updates import What
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.whatsapp.user_updates import Change
    from vouchers.models import Profile

logger = get_logger(__name__)

Claim = IdentityClaim.Kind


def take_in(change: Change, *, is_synthetic: bool) -> Profile | None:
    """Note one change and return whose it is; nobody becomes a customer by it."""
    if change.phone_number_id != our_number():
        return None
    person = find_person(number=change.old_number, bsuid=change.old_bsuid)
    if person is None or person.is_sandbox != is_synthetic:
        logger.info("ai.identity.change.ignored", what=str(change.what))
        return None
    person = lock_person(person)
    logger.info("ai.identity.changed", profile_id=person.pk, what=str(change.what))
    match change.what:
        case What.DEVICE:
            claim(kind=Claim.DEVICE_CHANGED, profile=person)
        case What.NUMBER:
            _number_changed(person, change)
        case What.USER_ID:
            _id_changed(person, change)
    return person


def _number_changed(person: Profile, change: Change) -> None:
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
    claim(
        kind=Claim.NUMBER_CHANGED,
        profile=person,
        other=_somebody_else(person, change),
        bsuid=change.bsuid,
        number=change.number,
    )


def _id_changed(person: Profile, change: Change) -> None:
    if not change.bsuid or by_bsuid(change.bsuid) == person:
        return
    claim(
        kind=Claim.ID_CHANGED,
        profile=person,
        other=_somebody_else(person, change),
        bsuid=change.bsuid,
    )


def _somebody_else(person: Profile, change: Change) -> Profile | None:
    other = by_bsuid(change.bsuid) or by_number(change.number)
    return other if other != person else None

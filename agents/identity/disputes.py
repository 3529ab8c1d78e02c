"""Names in doubt: asked of a person of ours once, and decided by her alone.

Only names are bound or kept apart. Vouchers, roles and conversations stay with the
profile that has them.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.core.errors import IdentityRefused
from agents.core.handoffs import open_handoff
from agents.models import HandOff, Identity, IdentityClaim
from easymo.observability.logs import get_logger
from vouchers.models import Profile

logger = get_logger(__name__)

Kind = IdentityClaim.Kind
State = IdentityClaim.State
# For the list of hand-offs: no name, no number.
HANDOFF_REASONS = {
    Kind.FIRST_ID: "Her WhatsApp user id is new: bind it when it is really hers.",
    Kind.OTHER_ID: "Her number came with another WhatsApp user id.",
    Kind.LEFT_NUMBER: "A number that she had given up is used again.",
    Kind.TWO_PEOPLE: "Her number came with the user id of somebody else.",
    Kind.NUMBER_CHANGED: "WhatsApp says that her number changed.",
    Kind.ID_CHANGED: "WhatsApp says that her user id changed.",
    Kind.DEVICE_CHANGED: "WhatsApp says that her telephone changed.",
    Kind.SHARED: "She shared a number that is somebody else's.",
}


def open_dispute(
    *,
    kind: IdentityClaim.Kind,
    profile: Profile,
    other: Profile | None = None,
    bsuid: str = "",
    number: str = "",
) -> bool:
    """Ask a person of ours, once; what she has decided is not asked again."""
    if other is not None and _is_known_pair(profile, other, bsuid, number):
        return False
    entry = IdentityClaim(
        kind=kind, profile=profile, other=other, bsuid=bsuid, number=number
    )
    IdentityClaim.objects.bulk_create([entry], ignore_conflicts=True)
    same = IdentityClaim.objects.filter(
        kind=kind, profile=profile, bsuid=bsuid, number=number
    )
    stored = same.get()
    if stored.opened_at != entry.opened_at:
        if other is not None and stored.other_id is None:
            same.update(other=other)
        return False
    open_handoff(
        kind=HandOff.Kind.IDENTITY, profile=profile, reason=HANDOFF_REASONS[kind]
    )
    logger.warning("ai.identity.doubted", claim_id=stored.pk, kind=str(kind))
    return True


def bind_identities(*, claim_id: int, actor: str, reason: str) -> IdentityClaim:
    """Say that the names are hers: they name her from now on, and nobody else.

    Raises IdentityRefused, and changes nothing, when it was decided already or the
    one is of the sandbox and the other is not.
    """
    with transaction.atomic():
        row, people = _locked(claim_id)
        person = people[row.profile_id]
        if any(one.is_sandbox != person.is_sandbox for one in people.values()):
            raise IdentityRefused("A sandbox person has no names of the real network.")
        bsuid, number = identities_of(row)
        if bsuid:
            _bind_bsuid(person, bsuid)
        if number:
            _bind_number(person, number)
        return _decide(row, State.BOUND, actor, reason)


def keep_separate(*, claim_id: int, actor: str, reason: str) -> IdentityClaim:
    """Say that they are two people: nothing changes, and it is not asked again."""
    with transaction.atomic():
        row, _ = _locked(claim_id)
        return _decide(row, State.APART, actor, reason)


def identities_of(row: IdentityClaim) -> tuple[str, str]:
    """Return the user id and the number that binding gives her.

    Whoever changed her number comes with a new user id too: what WhatsApp told names
    one of them, and the person who was made for it meanwhile has the other.
    """
    bsuid, number = row.bsuid, row.number
    if number and not bsuid:
        holder = Profile.objects.filter(msisdn=number).exclude(pk=row.profile_id)
        bsuid = _name(Identity.Kind.BSUID, profile__in=holder)
    elif row.kind == Kind.ID_CHANGED and not number:
        holder = Profile.objects.filter(
            identities__kind=Identity.Kind.BSUID,
            identities__value=bsuid,
            identities__superseded_at=None,
        ).exclude(pk=row.profile_id)
        number = holder.values_list("msisdn", flat=True).first() or ""
    return bsuid, number


def _name(kind: str, **whose: Any) -> str:
    names = Identity.objects.filter(kind=kind, superseded_at=None, **whose)
    return names.values_list("value", flat=True).first() or ""


def _is_known_pair(profile: Profile, other: Profile, bsuid: str, number: str) -> bool:
    """Tell whether these two were asked about under another heading already."""
    pair = Q(profile=profile, other=other) | Q(profile=other, other=profile)
    names = {"bsuid": bsuid, "number": number}
    return IdentityClaim.objects.filter(pair, **names).exists()


def _locked(claim_id: int) -> tuple[IdentityClaim, dict[int, Profile]]:
    row = IdentityClaim.objects.select_for_update().get(pk=claim_id)
    if row.state != State.OPEN:
        raise IdentityRefused("Somebody has decided this already.")
    holders = Identity.objects.filter(
        Q(value=row.bsuid) | Q(value=row.number), superseded_at=None
    ).values_list("profile_id", flat=True)
    wanted = Q(pk__in=[row.profile_id, row.other_id, *holders]) | (
        Q(msisdn=row.number) if row.number else Q()
    )
    people = Profile.objects.filter(wanted).order_by("pk")
    return row, {one.pk: one for one in people.select_for_update(no_key=True)}


def _bind_bsuid(person: Profile, bsuid: str) -> None:
    """Take the id from whoever had it, and put it in the place of her former one."""
    _supersede(Q(kind=Identity.Kind.BSUID, profile=person))
    _supersede(
        Q(kind__in=[Identity.Kind.BSUID, Identity.Kind.CLAIMED_BSUID], value=bsuid)
    )
    _supersede(Q(kind=Identity.Kind.CLAIMED_BSUID, profile=person))
    Identity.objects.create(kind=Identity.Kind.BSUID, value=bsuid, profile=person)


def _bind_number(person: Profile, number: str) -> None:
    names = [Identity.Kind.WA_ID, Identity.Kind.LEFT_NUMBER]
    _supersede(Q(kind__in=names, value=number))
    _supersede(Q(kind=Identity.Kind.WA_ID, profile=person))
    Profile.objects.filter(msisdn=number).exclude(pk=person.pk).update(msisdn=None)
    if person.msisdn != number:
        _supersede(Q(kind=Identity.Kind.LEFT_NUMBER, profile=person))
        person.msisdn = number
        person.save(update_fields=["msisdn"])
    Identity.objects.create(kind=Identity.Kind.WA_ID, value=number, profile=person)


def _supersede(which: Q) -> None:
    Identity.objects.filter(which, superseded_at=None).update(
        superseded_at=timezone.now()
    )


def _decide(
    row: IdentityClaim, state: IdentityClaim.State, actor: str, reason: str
) -> IdentityClaim:
    row.state = state
    row.decided_at = timezone.now()
    row.decided_by = actor
    row.reason = reason
    row.save(update_fields=["state", "decided_at", "decided_by", "reason"])
    _close_hand_off(row)
    logger.info("ai.identity.decided", claim_id=row.pk, decision=str(state))
    return row


def _close_hand_off(row: IdentityClaim) -> None:
    """Take the entry off the list when nothing about her names is open any more."""
    mine = IdentityClaim.objects.filter(profile_id=row.profile_id)
    if mine.filter(state=State.OPEN).exists():
        return
    HandOff.objects.filter(
        profile_id=row.profile_id, kind=HandOff.Kind.IDENTITY, closed_at__isnull=True
    ).update(closed_at=row.decided_at, closed_by=row.decided_by, resolution=row.reason)

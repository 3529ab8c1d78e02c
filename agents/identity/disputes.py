"""Identity disputes: opened once, decided by a colleague.

A decision binds identities or keeps them separate. Vouchers, roles and conversations
stay with their profile.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.core.errors import IdentityRefused
from agents.core.handoffs import open_handoff
from agents.models import HandOff, Identity, IdentityClaim
from easymo.observability.logs import get_logger
from easymo.sentences import translatable
from vouchers.models import Profile
from vouchers.services.roles import record_identity

logger = get_logger(__name__)

Kind = IdentityClaim.Kind
State = IdentityClaim.State
SANDBOX = translatable("A sandbox person cannot have identities of the real network.")
# Shown in the list of tasks, so without names and numbers.
HANDOFF_REASONS = {
    Kind.FIRST_ID: "The first message of this colleague: confirm that the device is"
    " theirs.",
    Kind.OTHER_ID: "The number of this person came with another WhatsApp user id.",
    Kind.LEFT_NUMBER: "A number that this person had given up is used again.",
    Kind.TWO_PEOPLE: "The number of this person came with another person's user id.",
    Kind.NUMBER_CHANGED: "WhatsApp reports that the number of this person changed.",
    Kind.ID_CHANGED: "WhatsApp reports that the user id of this person changed.",
    Kind.DEVICE_CHANGED: "WhatsApp reports that the device of this person changed.",
    Kind.SHARED: "This person shared a number that belongs to another person.",
}


def open_dispute(
    *,
    kind: IdentityClaim.Kind,
    profile: Profile,
    other: Profile | None = None,
    bsuid: str = "",
    number: str = "",
) -> bool:
    """Open a dispute and a task for a colleague, once; return whether it is new."""
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
    open_handoff(kind=_task_of(kind), profile=profile, reason=HANDOFF_REASONS[kind])
    logger.warning("ai.identity.doubted", claim_id=stored.pk, kind=str(kind))
    return True


def _task_of(kind: str) -> HandOff.Kind:
    """Return the task that a dispute opens: a first device is no conflict."""
    return HandOff.Kind.DEVICE if kind == Kind.FIRST_ID else HandOff.Kind.IDENTITY


def bind_identities(*, claim_id: int, actor: str, reason: str) -> IdentityClaim:
    """Decide that the identities belong to the person of the dispute, and bind them.

    Raises IdentityRefused when the dispute is decided already, or when one of the
    people is a sandbox person and another is not.
    """
    with transaction.atomic():
        row, people = _locked(claim_id)
        person = people[row.profile_id]
        if any(one.is_sandbox != person.is_sandbox for one in people.values()):
            raise IdentityRefused(SANDBOX)
        bsuid, number = identities_of(row)
        if bsuid:
            _bind_bsuid(person, bsuid)
        if number:
            _bind_number(person, number)
        record_identity(person, decided_by=actor)
        return _decide(row, State.BOUND, actor, reason)


def why_not_bind(row: IdentityClaim) -> str:
    """Return why an open dispute cannot be bound, or an empty text."""
    people = Profile.objects.filter(_involved(row))
    mixed = people.values("is_sandbox").distinct().count() > 1
    return SANDBOX if mixed else ""


def keep_separate(*, claim_id: int, actor: str, reason: str) -> IdentityClaim:
    """Decide that they are two people, and change no identity."""
    with transaction.atomic():
        row, _ = _locked(claim_id)
        return _decide(row, State.APART, actor, reason)


def identities_of(row: IdentityClaim) -> tuple[str, str]:
    """Return the user id and the number that binding gives to the person.

    A changed number comes with a new user id: WhatsApp reports one of the two, and the
    profile that was created in the meantime has the other one.
    """
    bsuid, number = row.bsuid, row.number
    others = Profile.objects.exclude(pk=row.profile_id)
    if number and not bsuid:
        found = Identity.objects.filter(
            kind=Identity.Kind.BSUID,
            superseded_at=None,
            profile__in=others.filter(msisdn=number),
        )
        bsuid = found.values_list("value", flat=True).first() or ""
    elif row.kind == Kind.ID_CHANGED and not number:
        holder = others.filter(
            identities__kind=Identity.Kind.BSUID,
            identities__value=bsuid,
            identities__superseded_at=None,
        )
        number = holder.values_list("msisdn", flat=True).first() or ""
    return bsuid, number


def is_disputed(profile: Profile) -> bool:
    """Tell whether a dispute about the person is open."""
    return IdentityClaim.objects.filter(
        Q(profile=profile) | Q(other=profile), state=State.OPEN
    ).exists()


def _is_known_pair(profile: Profile, other: Profile, bsuid: str, number: str) -> bool:
    """Tell whether there was a dispute of another kind between these two people."""
    pair = Q(profile=profile, other=other) | Q(profile=other, other=profile)
    return IdentityClaim.objects.filter(pair, bsuid=bsuid, number=number).exists()


def _locked(claim_id: int) -> tuple[IdentityClaim, dict[int, Profile]]:
    """Lock the dispute and all people who may lose or gain an identity."""
    row = IdentityClaim.objects.select_for_update().get(pk=claim_id)
    if row.state != State.OPEN:
        raise IdentityRefused(translatable("This dispute is decided already."))
    people = Profile.objects.filter(_involved(row)).order_by("pk")
    return row, {one.pk: one for one in people.select_for_update(no_key=True)}


def _involved(row: IdentityClaim) -> Q:
    """Return all people who may lose or gain an identity."""
    holders = Identity.objects.filter(
        Q(value=row.bsuid) | Q(value=row.number), superseded_at=None
    ).values_list("profile_id", flat=True)
    involved = Q(pk__in=[row.profile_id, row.other_id, *holders])
    if row.number:
        involved |= Q(msisdn=row.number)
    return involved


def _bind_bsuid(person: Profile, bsuid: str) -> None:
    """Bind the user id in place of the person's former one and of any other owner."""
    kinds = [Identity.Kind.BSUID, Identity.Kind.CLAIMED_BSUID]
    _supersede(Q(kind__in=kinds) & (Q(profile=person) | Q(value=bsuid)))
    Identity.objects.create(kind=Identity.Kind.BSUID, value=bsuid, profile=person)


def _bind_number(person: Profile, number: str) -> None:
    kinds = [Identity.Kind.WA_ID, Identity.Kind.LEFT_NUMBER]
    _supersede(Q(kind__in=kinds, value=number))
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
    task = _task_of(row.kind)
    others = IdentityClaim.objects.filter(profile_id=row.profile_id, state=State.OPEN)
    if task not in {_task_of(kind) for kind in others.values_list("kind", flat=True)}:
        HandOff.objects.filter(
            profile_id=row.profile_id, kind=task, closed_at=None
        ).update(closed_at=row.decided_at, closed_by=actor, resolution=reason)
    logger.info("ai.identity.decided", claim_id=row.pk, decision=str(state))
    return row

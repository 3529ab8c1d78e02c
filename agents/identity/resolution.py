"""Find the person behind a signed sender.

A WhatsApp user id (BSUID) takes precedence over the number. A webhook never merges two
people and moves nothing between them: a number that arrives with another user id is a
new person until a colleague decides. See docs/adr/0005-identity-by-user-id.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.db import IntegrityError, transaction

from agents.core.serving import may_create_customers
from agents.identity.disputes import open_dispute
from agents.models import Identity, IdentityClaim
from easymo.database import prepared_rows, statements
from easymo.database.prepared import Prepared, slot
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn, parse

if TYPE_CHECKING:
    from agents.whatsapp.senders import Sender

MOST_RACES = 3
Kind = Identity.Kind
Dispute = IdentityClaim.Kind

# Runs for every message: one statement for all identities of a sender.
PROFILE_IDS = """
WITH identity AS (
    SELECT kind, value, profile_id FROM agents_identity
    WHERE superseded_at IS NULL
      AND (kind, value) IN (
          ('bsuid', nullif(%(bsuid)s, '')),
          ('wa_id', nullif(%(number)s, '')),
          ('left', nullif(%(number)s, ''))
      )
)
SELECT (SELECT profile_id FROM identity WHERE kind = 'bsuid'),
       coalesce(
           (SELECT id FROM profiles WHERE msisdn = nullif(%(number)s, '')),
           (SELECT profile_id FROM identity WHERE kind = 'wa_id')
       ),
       (SELECT profile_id FROM identity WHERE kind = 'left')
"""
PROFILES = Prepared(
    lambda: Profile.objects.filter(
        pk__in=[slot("bsuid"), slot("number"), slot("former")]
    )
)


@dataclass(frozen=True, slots=True)
class ResolvedSender:
    """The person who writes, or why the sender is not served."""

    profile: Profile | None
    # unknown, sandbox
    refusal: str = ""
    # Created in this transaction: there is no other data about them.
    is_new: bool = False


class Candidates(NamedTuple):
    """The people found by the user id, by the number, and who gave the number up."""

    by_bsuid: Profile | None
    by_number: Profile | None
    former: Profile | None


def resolve_sender(sender: Sender, *, is_synthetic: bool) -> ResolvedSender:
    """Return the person of a sender; create a customer when CHAT is on for everyone.

    Of two simultaneous webhooks of a new person the second one fails on the unique
    number or user id, and finds the person that the first one created.
    """
    for _ in range(MOST_RACES):
        found = find_candidates(sender)
        if known := _unchanged(sender, found, is_synthetic=is_synthetic):
            return ResolvedSender(known)
        try:
            with transaction.atomic():
                return _resolve(sender, found, is_synthetic=is_synthetic)
        except IntegrityError:
            continue
    return _resolve(sender, find_candidates(sender), is_synthetic=is_synthetic)


def find_candidates(sender: Sender) -> Candidates:
    values = {"bsuid": sender.bsuid, "number": sender.number}
    [(by_bsuid, by_number, former)] = statements.rows(PROFILE_IDS, values)
    if former is not None:
        by_number = None
    found: dict[int | None, Profile] = {}
    if by_bsuid or by_number or former:
        rows = PROFILES.all(bsuid=by_bsuid, number=by_number, former=former)
        found = {profile.pk: profile for profile in rows}
    return Candidates(found.get(by_bsuid), found.get(by_number), found.get(former))


def find_profile(*, number: str, bsuid: str) -> Profile | None:
    """Return the person of these identities; create and bind nothing."""
    return profile_by_bsuid(bsuid) or profile_by_number(number)


def profile_by_bsuid(bsuid: str) -> Profile | None:
    return _profile_by_identity(Kind.BSUID, bsuid) if bsuid else None


def profile_by_number(number: str) -> Profile | None:
    """Return the person of a number; None when the number was given up."""
    if not number or _former_owner(number) is not None:
        return None
    profile = Profile.objects.filter(msisdn=number).first()
    return profile or _profile_by_identity(Kind.WA_ID, number)


def lock_profile(profile: Profile) -> Profile:
    """Lock the person, so that one webhook at a time changes their identities."""
    return Profile.objects.select_for_update(no_key=True).get(pk=profile.pk)


def add_shared_number(profile: Profile, number: str, *, bsuid: str) -> bool:
    """Store the number that a person shared; return whether it is theirs now.

    A sandbox person never gets a number of the real network.
    """
    try:
        if parse(number) != number or profile.is_sandbox:
            return False
        with transaction.atomic():
            return _add_number(lock_profile(profile), number, bsuid)
    except (InvalidMsisdn, IntegrityError):
        # Not a number, or just stored for another person.
        return False


def _add_number(profile: Profile, number: str, bsuid: str) -> bool:
    if profile.msisdn == number:
        return True
    owner = profile_by_number(number) or _former_owner(number)
    if owner is not None and owner != profile:
        open_dispute(
            kind=Dispute.SHARED,
            profile=profile,
            other=owner,
            bsuid=bsuid,
            number=number,
        )
        return False
    return _give_number(profile, number, bsuid)


def _unchanged(
    sender: Sender, found: Candidates, *, is_synthetic: bool
) -> Profile | None:
    """Return the person when there is nothing to store: the case of most messages."""
    known = found.by_bsuid or (None if sender.bsuid else found.by_number)
    if known is None or known.is_sandbox != is_synthetic or sender.parent:
        return None
    number = sender.number
    if known == found.by_number or not number or known.msisdn == number:
        return known
    return None


def _resolve(
    sender: Sender, found: Candidates, *, is_synthetic: bool
) -> ResolvedSender:
    by_bsuid, by_number, former = found
    known = by_bsuid or by_number or former
    if known is None:
        return _create_customer(sender, is_synthetic=is_synthetic)
    if known.is_sandbox != is_synthetic:
        return ResolvedSender(None, "sandbox")
    if by_bsuid is not None:
        _compare_number(by_bsuid, sender, by_number or former)
    elif by_number is None:
        return _separate_person(sender, Dispute.LEFT_NUMBER, known, is_synthetic)
    elif sender.bsuid and not _accept_bsuid(by_number, sender.bsuid):
        return _separate_person(sender, Dispute.OTHER_ID, known, is_synthetic)
    _store_parent_id(known, sender)
    return ResolvedSender(known)


def _compare_number(person: Profile, sender: Sender, owner: Profile | None) -> None:
    """Store the number of a customer known by user id, or open a dispute about it."""
    number = sender.number
    if not number or person.msisdn == number or owner == person:
        return
    if owner is None:
        _give_number(person, number, sender.bsuid)
        return
    open_dispute(
        kind=Dispute.TWO_PEOPLE,
        profile=owner,
        other=person,
        bsuid=sender.bsuid,
        number=number,
    )


def _give_number(person: Profile, number: str, bsuid: str) -> bool:
    """Give a customer without a number this one; else open a dispute."""
    if person.msisdn or person.role != Profile.Role.CUSTOMER:
        open_dispute(
            kind=Dispute.NUMBER_CHANGED, profile=person, bsuid=bsuid, number=number
        )
        return False
    person = lock_profile(person)
    person.msisdn = number
    person.save(update_fields=["msisdn"])
    _link(person, Kind.WA_ID, number)
    return True


def _accept_bsuid(profile: Profile, bsuid: str) -> bool:
    """Tell whether this user id belongs to the owner of the number.

    A customer's first user id is bound. For a higher role a colleague binds it; until
    then the number is accepted only together with the user id that was seen first.
    """
    bsuids = _bsuids_of(profile)
    if not bsuids:
        # Of two simultaneous first ids the second waits here and finds the first.
        lock_profile(profile)
        bsuids = _bsuids_of(profile)
    if bsuids:
        return bsuid in bsuids
    if profile.role == Profile.Role.CUSTOMER:
        _link(profile, Kind.BSUID, bsuid)
        return True
    if _profile_by_identity(Kind.CLAIMED_BSUID, bsuid) is not None:
        # It was seen with another person's number.
        return False
    _link(profile, Kind.CLAIMED_BSUID, bsuid)
    open_dispute(kind=Dispute.FIRST_ID, profile=profile, bsuid=bsuid)
    return True


def _bsuids_of(profile: Profile) -> list[str]:
    known = Identity.objects.filter(
        profile=profile,
        kind__in=[Kind.BSUID, Kind.CLAIMED_BSUID],
        superseded_at=None,
    )
    return list(known.values_list("value", flat=True))


def _separate_person(
    sender: Sender, kind: IdentityClaim.Kind, known: Profile, is_synthetic: bool
) -> ResolvedSender:
    """Open a dispute and treat the sender as a new person without a number."""
    other = None
    if sender.bsuid and not is_synthetic and may_create_customers():
        other = Profile.objects.create(name=sender.name)
        _link(other, Kind.BSUID, sender.bsuid)
        _store_parent_id(other, sender)
    open_dispute(
        kind=kind,
        profile=known,
        other=other,
        bsuid=sender.bsuid,
        number=sender.number,
    )
    return ResolvedSender(other) if other else ResolvedSender(None, "unknown")


def _create_customer(sender: Sender, *, is_synthetic: bool) -> ResolvedSender:
    """Create a customer; never for a synthetic webhook, whose number may be real."""
    if is_synthetic or not may_create_customers():
        return ResolvedSender(None, "unknown")
    profile = Profile(msisdn=sender.number or None, name=sender.name)
    prepared_rows.insert(profile)
    if sender.number:
        _link(profile, Kind.WA_ID, sender.number)
    if sender.bsuid:
        _link(profile, Kind.BSUID, sender.bsuid)
    _store_parent_id(profile, sender)
    return ResolvedSender(profile, is_new=True)


def _store_parent_id(profile: Profile, sender: Sender) -> None:
    """Store a new parent id with its first person; it identifies no one."""
    if sender.parent and not _profile_by_identity(Kind.PARENT_BSUID, sender.parent):
        _link(profile, Kind.PARENT_BSUID, sender.parent)


def _profile_by_identity(kind: str, value: str) -> Profile | None:
    identity = (
        Identity.objects.filter(kind=kind, value=value, superseded_at=None)
        .select_related("profile")
        .first()
    )
    return identity.profile if identity else None


def _former_owner(number: str) -> Profile | None:
    return _profile_by_identity(Kind.LEFT_NUMBER, number)


def _link(profile: Profile, kind: str, value: str) -> None:
    prepared_rows.insert(Identity(profile=profile, kind=kind, value=value))

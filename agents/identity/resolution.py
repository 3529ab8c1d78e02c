"""Who is writing: from the names that the channel signs to the person they mean.

A WhatsApp user id (BSUID) comes first, then the number. Two people are never merged
and nothing moves between them because a webhook says so: a number that arrives with
another user id than before is a new person, until one of us says otherwise.
See docs/adr/0005-identity-by-user-id.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction

from agents.core.serving import may_create_customers
from agents.identity.disputes import open_dispute
from agents.models import Identity, IdentityClaim
from easymo.database import prepared_rows
from easymo.database.prepared import Prepared, slot
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn, parse

if TYPE_CHECKING:
    from agents.whatsapp.senders import Sender

    type Meant = tuple[Profile | None, Profile | None, Profile | None]


RACES = 3
Kind = Identity.Kind
Claim = IdentityClaim.Kind


@dataclass(frozen=True, slots=True)
class ResolvedSender:
    """Who writes, or why she is not served."""

    profile: Profile | None
    # unknown, sandbox
    refusal: str = ""
    # Made this moment, in this transaction: nothing else can be known of her yet.
    is_new: bool = False


def resolve_sender(sender: Sender, *, is_synthetic: bool) -> ResolvedSender:
    """Return the person behind a signed sender; make her when CHAT is on for everyone.

    Two webhooks of a new person at once make one: her number and her user id are
    unique, and whoever comes second finds what the first one made.
    """
    for _ in range(RACES):
        found = profiles_of(sender)
        if known := _settled(sender, found, is_synthetic=is_synthetic):
            return ResolvedSender(known)
        try:
            with transaction.atomic():
                return _identify(sender, found, is_synthetic=is_synthetic)
        except IntegrityError:
            continue
    return _identify(sender, profiles_of(sender), is_synthetic=is_synthetic)


def find_profile(*, number: str, bsuid: str) -> Profile | None:
    """Return whom these names mean today; nobody is made, and nothing bound."""
    return profile_by_bsuid(bsuid) or profile_by_number(number)


def add_shared_number(profile: Profile, number: str, *, bsuid: str) -> bool:
    """Take a number that its own telephone shared; return whether it is hers now.

    A sandbox person is never given a number that the real network could reach.
    """
    try:
        if parse(number) != number or profile.is_sandbox:
            return False
        with transaction.atomic():
            return _learn_number(lock_profile(profile), number, bsuid)
    except (InvalidMsisdn, IntegrityError):
        # No number; or somebody else came with it this very moment.
        return False


def _learn_number(profile: Profile, number: str, bsuid: str) -> bool:
    if profile.msisdn == number:
        return True
    named = profile_by_number(number) or _left_by(number)
    if named is not None and named != profile:
        open_dispute(
            kind=Claim.SHARED,
            profile=profile,
            other=named,
            bsuid=bsuid,
            number=number,
        )
        return False
    if profile.msisdn or profile.role != Profile.Role.CUSTOMER:
        open_dispute(
            kind=Claim.NUMBER_CHANGED, profile=profile, bsuid=bsuid, number=number
        )
        return False
    return _give_number(profile, number)


def lock_profile(profile: Profile) -> Profile:
    """Let one webhook at a time change the names of a person."""
    return Profile.objects.select_for_update(no_key=True).get(pk=profile.pk)


def profile_by_bsuid(bsuid: str) -> Profile | None:
    return _by_identity(Kind.BSUID, bsuid) if bsuid else None


def profile_by_number(number: str) -> Profile | None:
    """Return whom the number names: nobody, once she has given it up."""
    if not number or _left_by(number) is not None:
        return None
    profile = Profile.objects.filter(msisdn=number).first()
    return profile or _by_identity(Kind.WA_ID, number)


def _settled(sender: Sender, meant: Meant, *, is_synthetic: bool) -> Profile | None:
    """Return the person of whom nothing has to be noted: that of nearly every message."""
    owner, named, _ = meant
    known = owner or (None if sender.bsuid else named)
    if known is None or known.is_sandbox != is_synthetic or sender.parent:
        return None
    number = sender.number
    if known == named or not number or known.msisdn == number:
        return known
    return None


def _identify(sender: Sender, meant: Meant, *, is_synthetic: bool) -> ResolvedSender:
    owner, named, left = meant
    known = owner or named or left
    if known is None:
        return _welcome(sender, is_synthetic=is_synthetic)
    if known.is_sandbox != is_synthetic:
        return ResolvedSender(None, "sandbox")
    if owner is not None:
        _compare_number(owner, sender, named or left)
        _note_parent(owner, sender)
        return ResolvedSender(owner)
    if named is None:
        return _stranger(sender, Claim.LEFT_NUMBER, known, is_synthetic=is_synthetic)
    if not sender.bsuid or _accept_bsuid(named, sender.bsuid):
        _note_parent(named, sender)
        return ResolvedSender(named)
    return _stranger(sender, Claim.OTHER_ID, known, is_synthetic=is_synthetic)


def _by_identity(kind: str, value: str) -> Profile | None:
    identity = (
        Identity.objects.filter(kind=kind, value=value, superseded_at=None)
        .select_related("profile")
        .first()
    )
    return identity.profile if identity else None


def _left_by(number: str) -> Profile | None:
    return _by_identity(Kind.LEFT_NUMBER, number)


def _compare_number(owner: Profile, sender: Sender, named: Profile | None) -> None:
    """Note the number of a customer who was known by her user id only."""
    number = sender.number
    if not number or owner.msisdn == number or named == owner:
        return
    if named is not None:
        open_dispute(
            kind=Claim.TWO_PEOPLE,
            profile=named,
            other=owner,
            bsuid=sender.bsuid,
            number=number,
        )
    elif owner.msisdn or owner.role != Profile.Role.CUSTOMER:
        open_dispute(
            kind=Claim.NUMBER_CHANGED, profile=owner, bsuid=sender.bsuid, number=number
        )
    else:
        _give_number(lock_profile(owner), number)


def _give_number(owner: Profile, number: str) -> bool:
    owner.msisdn = number
    owner.save(update_fields=["msisdn"])
    _link(owner, Kind.WA_ID, number)
    return True


def _accept_bsuid(profile: Profile, bsuid: str) -> bool:
    """Tell whether this user id may speak for the number's person.

    The first one that a customer comes with is bound to her. For anyone who may do
    more, it is only noted, and a person of ours binds it; until then her number
    still proves who she is, but only together with the id that was seen first.
    """
    values = _bsuids_of(profile)
    if not values:
        # Two first ids at once: the second one waits here, and finds the first.
        lock_profile(profile)
        values = _bsuids_of(profile)
    if values:
        return bsuid in values
    if profile.role == Profile.Role.CUSTOMER:
        _link(profile, Kind.BSUID, bsuid)
        return True
    if _by_identity(Kind.CLAIMED_BSUID, bsuid) is not None:
        # It speaks for somebody else's number already.
        return False
    _link(profile, Kind.CLAIMED_BSUID, bsuid)
    open_dispute(kind=Claim.FIRST_ID, profile=profile, bsuid=bsuid)
    return True


def _bsuids_of(profile: Profile) -> list[str]:
    known = Identity.objects.filter(
        profile=profile,
        kind__in=[Kind.BSUID, Kind.CLAIMED_BSUID],
        superseded_at=None,
    )
    return list(known.values_list("value", flat=True))


def _stranger(
    sender: Sender, kind: IdentityClaim.Kind, known: Profile, *, is_synthetic: bool
) -> ResolvedSender:
    """Treat a number whose person is in doubt as somebody new: without a number."""
    other = None
    if sender.bsuid and not is_synthetic and may_create_customers():
        other = Profile.objects.create(name=sender.name)
        _link(other, Kind.BSUID, sender.bsuid)
        _note_parent(other, sender)
    open_dispute(
        kind=kind,
        profile=known,
        other=other,
        bsuid=sender.bsuid,
        number=sender.number,
    )
    return ResolvedSender(other) if other else ResolvedSender(None, "unknown")


def _welcome(sender: Sender, *, is_synthetic: bool) -> ResolvedSender:
    """Make a customer of somebody never seen before.

    Never for our own mark: it would claim a real person's number for the sandbox.
    """
    if is_synthetic or not may_create_customers():
        return ResolvedSender(None, "unknown")
    profile = Profile(msisdn=sender.number or None, name=sender.name)
    prepared_rows.insert(profile)
    if sender.number:
        _link(profile, Kind.WA_ID, sender.number)
    if sender.bsuid:
        _link(profile, Kind.BSUID, sender.bsuid)
    _note_parent(profile, sender)
    return ResolvedSender(profile, is_new=True)


def _note_parent(profile: Profile, sender: Sender) -> None:
    """Keep the parent id with whoever had it first; it identifies nobody."""
    if sender.parent and _by_identity(Kind.PARENT_BSUID, sender.parent) is None:
        _link(profile, Kind.PARENT_BSUID, sender.parent)


def _link(profile: Profile, kind: str, value: str) -> None:
    prepared_rows.insert(Identity(profile=profile, kind=kind, value=value))


# Asked for every message: whom her names mean, in one statement.
PROFILE_IDS = """
WITH name AS (
    SELECT kind, value, profile_id FROM agents_identity
    WHERE superseded_at IS NULL
      AND (kind, value) IN (
          ('bsuid', nullif(%(bsuid)s, '')),
          ('wa_id', nullif(%(number)s, '')),
          ('left', nullif(%(number)s, ''))
      )
)
SELECT (SELECT profile_id FROM name WHERE kind = 'bsuid'),
       coalesce(
           (SELECT id FROM profiles WHERE msisdn = nullif(%(number)s, '')),
           (SELECT profile_id FROM name WHERE kind = 'wa_id')
       ),
       (SELECT profile_id FROM name WHERE kind = 'left')
"""
PROFILES = Prepared(
    lambda: Profile.objects.filter(pk__in=[slot("owner"), slot("named"), slot("left")])
)


def profiles_of(sender: Sender) -> Meant:
    """Return whom the user id and the number name, and who gave the number up."""
    with connection.cursor() as cursor:
        cursor.execute(PROFILE_IDS, {"bsuid": sender.bsuid, "number": sender.number})
        owner, number, left = cursor.fetchone()
    named = number if left is None else None
    wanted = {pk for pk in (owner, named, left) if pk is not None}
    found: dict[int | None, Profile] = {}
    if wanted:
        asked = PROFILES.all(owner=owner, named=named, left=left)
        found = {profile.pk: profile for profile in asked}
    return found.get(owner), found.get(named), found.get(left)

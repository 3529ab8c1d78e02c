"""Who is writing: from the names that the channel signs to the person they mean.

A WhatsApp user id (BSUID) comes first, then the number. Two people are never merged
and nothing moves between them because a webhook says so: a number that arrives with
another user id than before is a new person, until one of us says otherwise.
See docs/adr/0005-who-is-writing.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from agents.hand_offs import open_hand_off
from agents.models import HandOff, Identity
from agents.services.answering import may_welcome
from vouchers.models import Profile

if TYPE_CHECKING:
    from agents.channels.whatsapp.payload import Sender

RACES = 3


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes, or why she is not served."""

    profile: Profile | None
    # unknown, sandbox
    refusal: str = ""


def identify(sender: Sender, *, is_synthetic: bool) -> Person:
    """Return the person behind a signed sender; make her when CHAT is on for everyone.

    Two webhooks of a new person at once make one: her number and her user id are
    unique, and whoever comes second finds what the first one made.
    """
    for _ in range(RACES):
        try:
            with transaction.atomic():
                return _identify(sender, is_synthetic=is_synthetic)
        except IntegrityError:
            continue
    return _identify(sender, is_synthetic=is_synthetic)


def find_person(*, number: str, bsuid: str) -> Profile | None:
    """Return whom these names mean today; nobody is made, and nothing bound."""
    return _by_bsuid(bsuid) or _by_number(number)


def confirm_bsuid(*, identity: Identity) -> Identity:
    """Bind a user id to its profile, because a person of ours checked who it is."""
    identity.kind = Identity.Kind.BSUID
    identity.save(update_fields=["kind"])
    return identity


def _identify(sender: Sender, *, is_synthetic: bool) -> Person:
    owner = _by_bsuid(sender.bsuid)
    named = _by_number(sender.number)
    known = owner or named
    if known is None:
        return _welcome(sender, is_synthetic=is_synthetic)
    if known.is_sandbox != is_synthetic:
        return Person(None, "sandbox")
    if owner is not None:
        _compare_number(owner, sender.number, named)
        return Person(owner)
    if named is None:
        return Person(None, "unknown")
    if not sender.bsuid or _accept_bsuid(named, sender.bsuid):
        return Person(named)
    return _stranger(sender, known=named, is_synthetic=is_synthetic)


def _by_bsuid(bsuid: str) -> Profile | None:
    return _by_identity(Identity.Kind.BSUID, bsuid) if bsuid else None


def _by_number(number: str) -> Profile | None:
    if not number:
        return None
    profile = Profile.objects.filter(msisdn=number).first()
    return profile or _by_identity(Identity.Kind.WA_ID, number)


def _by_identity(kind: str, value: str) -> Profile | None:
    identity = (
        Identity.objects.filter(kind=kind, value=value, superseded_at=None)
        .select_related("profile")
        .first()
    )
    return identity.profile if identity else None


def _compare_number(owner: Profile, number: str, named: Profile | None) -> None:
    """Note the number of a customer who was known by her user id only."""
    if named is not None and named != owner:
        _report(owner, f"Her number belongs to person {named.pk}.")
        return
    may_learn = owner.role == Profile.Role.CUSTOMER and not owner.msisdn
    if named is None and number and may_learn:
        owner.msisdn = number
        owner.save(update_fields=["msisdn"])
        _link(owner, Identity.Kind.WA_ID, number)


def _accept_bsuid(profile: Profile, bsuid: str) -> bool:
    """Tell whether this user id may speak for the number's person.

    The first one that a customer comes with is bound to her. For anyone who may do
    more, it is only noted, and a person of ours binds it; until then her number
    still proves who she is, but only together with the id that was seen first.
    """
    known = Identity.objects.filter(
        profile=profile,
        kind__in=[Identity.Kind.BSUID, Identity.Kind.CLAIMED_BSUID],
        superseded_at=None,
    )
    values = list(known.values_list("value", flat=True))
    if values:
        return bsuid in values
    if profile.role == Profile.Role.CUSTOMER:
        _link(profile, Identity.Kind.BSUID, bsuid)
        return True
    _link(profile, Identity.Kind.CLAIMED_BSUID, bsuid)
    _report(profile, "Her WhatsApp user id is new: bind it when it is really hers.")
    return True


def _stranger(sender: Sender, *, known: Profile, is_synthetic: bool) -> Person:
    """Treat a known number with another user id as somebody new."""
    reason = f"The number of person {known.pk} came with another WhatsApp user id."
    if is_synthetic or not may_welcome():
        _report(known, reason)
        return Person(None, "unknown")
    profile = Profile.objects.create(name=sender.name)
    _link(profile, Identity.Kind.BSUID, sender.bsuid)
    _report(profile, reason)
    return Person(profile)


def _welcome(sender: Sender, *, is_synthetic: bool) -> Person:
    """Make a customer of somebody never seen before.

    Never for our own mark: it would claim a real person's number for the sandbox.
    """
    if is_synthetic or not may_welcome():
        return Person(None, "unknown")
    profile = Profile.objects.create(msisdn=sender.number or None, name=sender.name)
    if sender.number:
        _link(profile, Identity.Kind.WA_ID, sender.number)
    if sender.bsuid:
        _link(profile, Identity.Kind.BSUID, sender.bsuid)
    return Person(profile)


def _link(profile: Profile, kind: str, value: str) -> None:
    Identity.objects.create(profile=profile, kind=kind, value=value)


def _report(profile: Profile, reason: str) -> None:
    """Ask a person of ours once; what she has decided is not asked again."""
    asked = HandOff.objects.filter(
        profile=profile, kind=HandOff.Kind.IDENTITY, reason=reason
    )
    if not asked.exists():
        open_hand_off(kind=HandOff.Kind.IDENTITY, profile=profile, reason=reason)

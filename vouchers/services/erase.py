"""Erase the personal data of a person; the trails of their vouchers stay complete."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils import timezone

from easymo.sentences import translatable
from vouchers.errors import InvalidRequest, StillHoldsVouchers
from vouchers.models import (
    AuthorityChange,
    Envelope,
    Erasure,
    Profile,
    ReversalRequest,
    Voucher,
    VoucherNote,
)
from vouchers.names import plain_name
from vouchers.services import roles
from vouchers.services.transition import clean_reason

SHORTEST_NAME = 3


def lock_profile(profile: Profile) -> Profile:
    """Lock the person's row, so that no voucher is issued to them meanwhile."""
    return Profile.objects.select_for_update().get(pk=profile.pk)


def erase_profile(*, profile: Profile, reason: str, actor: str) -> bool:
    """Erase the personal data of a locked person; False when it was erased before.

    Only what belongs to the person: the caller searches what others wrote.

    Raises StillHoldsVouchers, InvalidReason, InvalidRequest, and then changes nothing.
    """
    if profile.erased_at is not None:
        return False
    text = clean_reason(reason)
    if names_person(text, profile):
        raise InvalidRequest(
            translatable("The reason must not contain the name or the number.")
        )
    if references := _unspent_vouchers(profile):
        raise StillHoldsVouchers(references)
    _delete_notes(profile)
    _clean_admin_log(profile)
    _clean_authority_changes(profile)
    Envelope.objects.filter(voucher__owner=profile).delete()
    profile.erasure = Erasure.objects.create(profile=profile, actor=actor, reason=text)
    for field, value in {
        "name": "",
        "msisdn": None,
        "language": "",
        "role": Profile.Role.CUSTOMER,
        "station": None,
        "user": None,
        "is_active": False,
        "erased_at": timezone.now(),
    }.items():
        setattr(profile, field, value)
    profile.save()
    return True


def names_person(text: str, profile: Profile) -> bool:
    """Tell whether the text contains the person's number or name."""
    digits = "".join(letter for letter in text if letter in "0123456789")
    if profile.msisdn and profile.msisdn[-8:] in digits:
        return True
    return any(name.casefold() in text.casefold() for name in names_of(profile))


def names_of(profile: Profile) -> set[str]:
    """Return the name as stored and as shown, if it is long enough to search for."""
    names = {profile.name, plain_name(profile.name)}
    return {name for name in names if len(name) >= SHORTEST_NAME}


def _unspent_vouchers(profile: Profile) -> list[str]:
    issued = Q(status=Voucher.Status.ISSUED, expires_at__gte=timezone.now())
    requested = Q(status=Voucher.Status.PENDING_APPROVAL)
    rows = Voucher.objects.filter(issued | requested, owner=profile).order_by("id")
    return list(rows.values_list("reference", flat=True))


def _delete_notes(profile: Profile) -> None:
    """Delete notes on the person's vouchers. The salted hash in the event stays."""
    VoucherNote.objects.filter(event__voucher__owner=profile).delete()


def _clean_authority_changes(profile: Profile) -> None:
    """Refuse what waits, and blank the reasons for changes of the person's role."""
    about = AuthorityChange.objects.filter(profile=profile)
    for waiting in about.filter(decision="waiting"):
        roles.refuse(change=waiting, giver=roles.Giver(reason="The person was erased."))
    about.update(reason="", decision_reason="")
    ReversalRequest.objects.filter(voucher__owner=profile).update(reason="")
    ReversalRequest.objects.filter(voucher__owner=profile).exclude(
        decision=ReversalRequest.Decision.WAITING
    ).update(decision_reason="")


def _clean_admin_log(profile: Profile) -> None:
    """Remove the person's name from Django's log of changes of them."""
    people = ContentType.objects.get_for_model(Profile)
    vouchers = ContentType.objects.get_for_model(Voucher)
    owned = [str(pk) for pk in profile.vouchers.values_list("pk", flat=True)]
    about = Q(content_type=people, object_id=str(profile.pk))
    LogEntry.objects.filter(
        about | Q(content_type=vouchers, object_id__in=owned)
    ).update(change_message="")
    LogEntry.objects.filter(about).update(object_repr=f"Forgotten person {profile.pk}")

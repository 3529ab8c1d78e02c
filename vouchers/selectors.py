from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from vouchers.models import Profile, Refusal, Voucher, VoucherEvent

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from vouchers.codes import Code
    from vouchers.models import Station


def vouchers() -> QuerySet[Voucher]:
    return Voucher.objects.select_related("owner", "station")


def vouchers_of(profile: Profile) -> QuerySet[Voucher]:
    """Return the vouchers of a person, the newest first."""
    return vouchers().filter(owner=profile).order_by("-id")


def usable_vouchers_of(profile: Profile) -> QuerySet[Voucher]:
    """Return the vouchers that the person can spend at this moment."""
    return vouchers_of(profile).filter(
        status=Voucher.Status.ISSUED, expires_at__gte=timezone.now()
    )


def voucher_by_code(code: Code) -> Voucher | None:
    """Return the voucher with this code, for every key of the code HMACs."""
    return vouchers().filter(code_hmac__in=code.hmacs).first()


def voucher_by_reference(reference: str) -> Voucher | None:
    spelled = reference.strip().upper()
    if not spelled.isascii() or not spelled.isprintable():
        return None
    return vouchers().filter(reference=spelled).first()


def voucher_by_public_id(public_id: UUID) -> Voucher | None:
    return vouchers().filter(public_id=public_id).first()


def redemptions_since(
    *, station: Station | None, since: datetime
) -> QuerySet[VoucherEvent]:
    """Return the redemptions at a station that were not taken back, the newest first."""
    return (
        VoucherEvent.objects.filter(
            station=station,
            kind=VoucherEvent.Kind.REDEEMED,
            created_at__gte=since,
            seq=F("voucher__seq"),
        )
        .select_related("voucher__owner", "voucher__station")
        .order_by("-created_at", "-id")
    )


def trail(voucher: Voucher) -> QuerySet[VoucherEvent]:
    """Return the events of the voucher in order, with their notes."""
    return (
        VoucherEvent.objects.filter(voucher=voucher)
        .select_related("station", "note")
        .order_by("seq")
    )


def refusals(voucher: Voucher) -> QuerySet[Refusal]:
    return Refusal.objects.filter(voucher=voucher).order_by("-id")


def profile_by_public_id(public_id: UUID) -> Profile | None:
    return Profile.objects.filter(public_id=public_id).first()


def request_words(requested: VoucherEvent) -> str:
    """Return the words in which a voucher was requested; empty when not stored."""
    return str(import_string(settings.VOUCHER_REQUEST_WORDS)(requested.key))

"""What an approver sees before the decision: who asked, how, limits and history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Sum
from django.utils import timezone

from vouchers import limits, selectors
from vouchers.models import LimitCounter, Profile, Voucher, VoucherEvent
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANNELS = {
    "whatsapp": "WhatsApp",
    "voice": "the phone",
    "api": "the API",
    "admin": "the back office",
    "station": "the station page",
    "import": "an import",
    "system": "the system",
}


def request_facts(voucher: Voucher) -> list[str]:
    """Return the facts of a request, one sentence each."""
    requested = (
        VoucherEvent.objects.filter(voucher=voucher, kind=VoucherEvent.Kind.REQUESTED)
        .order_by("seq")
        .first()
    )
    facts = [f"{_money(voucher, voucher.amount_minor)} for {voucher.owner}"]
    if requested is not None:
        at = timezone.localtime(requested.created_at)
        channel = CHANNELS.get(requested.channel, requested.channel)
        facts.append(
            f"Requested by {_requester(voucher)} over {channel} on "
            f"{at.day} {at:%B %Y} at {at:%H:%M}"
        )
        facts.append(_words(requested))
    return [*facts, *_limits(voucher), _history(voucher)]


def _requester(voucher: Voucher) -> str:
    profile, user = voucher.created_by_profile, voucher.created_by_user
    if profile is not None:
        given = profile.authority_changes.filter(decision="confirmed").last()
        role = profile.get_role_display().lower()
        since = f", role given by {given.given_by_name}" if given else ""
        return f"{profile} ({role}{since})"
    if user is not None:
        return str(user.get_username())
    return f"{voucher.created_by_kind} {voucher.created_by_id}"


def _words(requested: VoucherEvent) -> str:
    words = selectors.request_words(requested)
    return f"Their words: “{words}”" if words else "Their words are not stored"


def _limits(voucher: Voucher) -> Iterator[str]:
    owner = f"profile:{voucher.owner_id}"
    profile = voucher.created_by_profile_id
    issuer = (
        f"profile:{profile}"
        if profile
        else f"{voucher.created_by_kind}:{voucher.created_by_id}"
    )
    for kind, subject, label, limit in (
        ("issuer", issuer, "The requester issued", "issuer_daily"),
        ("customer", owner, "The customer received", "customer_daily"),
    ):
        slots = LimitCounter.objects.filter(
            kind=kind,
            subject=subject,
            currency=voucher.currency,
            day=timezone.localdate(),
        )
        total = slots.aggregate(Sum("used_minor"))["used_minor__sum"]
        used = _money(voucher, total or 0)
        cap = _money(voucher, limits.cap(limit, voucher.currency))
        yield f"{label} {used} of {cap} today"


def _history(voucher: Voucher) -> str:
    owner: Profile = voucher.owner
    others = Voucher.objects.filter(owner=owner, currency=voucher.currency).exclude(
        pk=voucher.pk
    )
    rows = others.values_list("status").annotate(Count("id"), Sum("amount_minor"))
    parts = [
        f"{count} {Voucher.Status(status).label.lower()} ({_money(voucher, total)})"
        for status, count, total in rows.order_by("status")
    ]
    since = timezone.localtime(owner.created_at)
    return (
        f"The customer is known since {since.day} {since:%B %Y}; other vouchers: "
        f"{', '.join(parts) or 'none'}"
    )


def _money(voucher: Voucher, minor: int) -> str:
    return format_money(Money(minor, voucher.currency))

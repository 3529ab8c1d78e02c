"""What waits for a second person, and what an approver reads before the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from vouchers import limits, selectors
from vouchers.models import (
    ApprovalRequest,
    AuthorityChange,
    Batch,
    LimitCounter,
    Profile,
    ReversalRequest,
    Voucher,
    VoucherEvent,
)
from vouchers.money import Money, shown_money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from vouchers.causes import Link

# The count in the menu ends here.
MOST_COUNTED = 100
DECIDED_SINCE = timedelta(days=7)
PAGE = 50
# The permissions with which these causes of a request are shown.
_READING = frozenset({"agents.view_conversation", "agents.view_call"})


@dataclass(frozen=True, slots=True)
class Request:
    """The facts of a request: who asked, in which words, when, limits and history."""

    voucher: Voucher
    amount: str
    requester: str
    # How it was asked for: "WhatsApp", "the API".
    channel: str
    asked_at: datetime
    words: str
    # To the message or the call in which it was asked for.
    links: tuple[Link, ...]
    limits: list[str]
    history: str


def open_requests() -> QuerySet[ApprovalRequest]:
    """Return the vouchers that wait, the first to end first."""
    rows = ApprovalRequest.objects.filter(ended_at=None).order_by("ends_at")
    return rows.select_related(
        "voucher__owner", "voucher__created_by_profile", "voucher__created_by_user"
    )


def waiting_count() -> int:
    """Count what waits for a second person, at most to `MOST_COUNTED`; four queries."""
    rows: tuple[
        QuerySet[ApprovalRequest | ReversalRequest | Batch | AuthorityChange], ...
    ]
    rows = (
        ApprovalRequest.objects.filter(ended_at=None),
        waiting_reversals(),
        waiting_batches(),
        waiting_changes(),
    )
    return min(sum(each[:MOST_COUNTED].count() for each in rows), MOST_COUNTED)


def waiting_reversals() -> QuerySet[ReversalRequest]:
    return ReversalRequest.objects.filter(decision="waiting")


def waiting_batches() -> QuerySet[Batch]:
    return Batch.objects.filter(state=Batch.State.WAITING)


def waiting_changes() -> QuerySet[AuthorityChange]:
    return AuthorityChange.objects.filter(decision="waiting")


def ended_requests() -> QuerySet[ApprovalRequest]:
    """Return what was decided or ended in the last week, the newest first."""
    rows = ApprovalRequest.objects.filter(ended_at__gt=timezone.now() - DECIDED_SINCE)
    related = ("voucher__owner", "voucher__approval__approver")
    return rows.select_related(*related).order_by("-ended_at")


def facts_of(voucher: Voucher) -> Request:
    """Read the facts of a request."""
    events = VoucherEvent.objects.filter(voucher=voucher)
    requested = events.filter(kind=VoucherEvent.Kind.REQUESTED).order_by("seq").first()
    asked = [requested] if requested else []
    causes = import_string(settings.VOUCHER_CAUSES)(asked, may=_READING.__contains__)
    return Request(
        voucher=voucher,
        amount=_money(voucher, voucher.amount_minor),
        requester=_requester(voucher),
        channel=requested.channel if requested else "",
        asked_at=requested.created_at if requested else voucher.created_at,
        words=selectors.request_words(requested) if requested else "",
        links=causes[requested.pk].links if requested else (),
        limits=list(_limits(voucher)),
        history=_history(voucher),
    )


def _requester(voucher: Voucher) -> str:
    profile, user = voucher.created_by_profile, voucher.created_by_user
    if profile is not None:
        given = profile.authority_changes.filter(decision="confirmed").last()
        role = profile.get_role_display().lower()
        since = (
            _(", role given by {name}").format(name=given.given_by_name)
            if given
            else ""
        )
        return f"{profile} ({role}{since})"
    if user is not None:
        return str(user.get_username())
    return f"{voucher.created_by_kind} {voucher.created_by_id}"


def _limits(voucher: Voucher) -> Iterator[str]:
    profile = voucher.created_by_profile_id
    issuer = (
        f"profile:{profile}"
        if profile
        else f"{voucher.created_by_kind}:{voucher.created_by_id}"
    )
    owner = f"profile:{voucher.owner_id}"
    for kind, subject, sentence in (
        ("issuer", issuer, _("The requester issued {used} of {cap} today")),
        ("customer", owner, _("The customer received {used} of {cap} today")),
    ):
        slots = LimitCounter.objects.filter(
            kind=kind,
            subject=subject,
            currency=voucher.currency,
            day=timezone.localdate(),
        )
        total = slots.aggregate(Sum("used_minor"))["used_minor__sum"]
        cap = limits.cap(f"{kind}_daily", voucher.currency)
        yield sentence.format(
            used=_money(voucher, total or 0), cap=_money(voucher, cap)
        )


def _history(voucher: Voucher) -> str:
    owner: Profile = voucher.owner
    others = Voucher.objects.filter(owner=owner, currency=voucher.currency).exclude(
        pk=voucher.pk
    )
    rows = others.values_list("status").annotate(Count("id"), Sum("amount_minor"))
    parts = [
        f"{count} {_(Voucher.Status(status).label).lower()} ({_money(voucher, total)})"
        for status, count, total in rows.order_by("status")
    ]
    since = timezone.localtime(owner.created_at)
    return _("The customer is known since {date}; other vouchers: {vouchers}").format(
        date=date_format(since, "j F Y"), vouchers=", ".join(parts) or _("none")
    )


def _money(voucher: Voucher, minor: int) -> str:
    return shown_money(Money(minor, voucher.currency))

"""The first page of the back office: what needs the person now, the last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from agents.admin import needs
from agents.models import Turn, WebhookEvent
from rollout.core.features import Feature
from rollout.dashboard import page
from rollout.flags import exposure
from vouchers.models import VoucherEvent

if TYPE_CHECKING:
    from django.http import HttpRequest

DAY = timedelta(hours=24)
SHOWN = [
    VoucherEvent.Kind.ISSUED,
    VoucherEvent.Kind.REDEEMED,
    VoucherEvent.Kind.VOIDED,
]


@dataclass(frozen=True)
class Figure:
    """A number with a label and the list that it counts."""

    label: str
    value: int
    link: str
    # Something is wrong, or waits for a colleague.
    is_urgent: bool = False


def add_overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the data of the first page; Unfold calls it (``DASHBOARD_CALLBACK``)."""
    may_see = page.may_see(request)
    context |= {
        "title": gettext("Needs you now"),
        "may_switch": request.user.has_perm("rollout.change_exposure"),
        "may_see_dashboard": may_see,
    }
    if not (may_see and wants_dashboard(request)):
        return context | overview_data(request) | {"features": features()}
    return (
        context | {"title": gettext("Control room")} | page.dashboard_context(request)
    )


def overview_data(request: HttpRequest) -> dict[str, Any]:
    """Return what needs the person now, and the figures of the last day."""
    step, link = needs.first_step(request)
    return {
        "needs": needs.needs_of(request),
        "first_step": {"title": step, "link": link},
        "last_day": last_day(),
    }


def wants_dashboard(request: HttpRequest) -> bool:
    """Tell whether the control room was asked for, or one of its charts."""
    return request.GET.get("page", "") == "room" or "range" in request.GET


def features() -> list[dict[str, Any]]:
    """Return the four features and their audience."""
    return [
        {
            "name": feature.value,
            "label": feature.label,
            "is_on": exposure.is_on_for_anyone(feature),
            "is_partial": exposure.is_on_for_anyone(feature)
            and not exposure.is_on_for_everyone(feature),
        }
        for feature in Feature
    ]


def last_day() -> list[Figure]:
    """Return the figures of the last 24 hours."""
    since = timezone.now() - DAY
    turns = Turn.objects.filter(started_at__gt=since).aggregate(
        answered=Count("pk", filter=Q(status=Turn.Status.DONE)),
        failed=Count("pk", filter=Q(status=Turn.Status.FAILED)),
    )
    kinds = dict(
        VoucherEvent.objects.filter(kind__in=SHOWN, created_at__gt=since)
        .values_list("kind")
        .annotate(Count("pk"))
    )
    # No body of the last day is deleted: the condition uses the index of bodies.
    kept = WebhookEvent.objects.filter(body__isnull=False)
    received = kept.filter(received_at__gt=since).count()
    vouchers = _list("vouchers_voucher")
    talks = _list("agents_conversation")
    return [
        Figure(gettext("Webhooks received"), received, _list("agents_webhookevent")),
        Figure(gettext("Turns answered"), turns["answered"], talks),
        Figure(gettext("Turns failed"), turns["failed"], talks, turns["failed"] > 0),
        Figure(gettext("Vouchers issued"), kinds.get("issued", 0), vouchers),
        Figure(gettext("Vouchers redeemed"), kinds.get("redeemed", 0), vouchers),
        Figure(gettext("Vouchers voided"), kinds.get("voided", 0), vouchers),
    ]


def _list(model: str, query: str = "") -> str:
    return reverse(f"admin:{model}_changelist") + query

"""The first page of the back office: features, waiting work, the last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from agents.models import ForwardedItem, HandOff, OutboundMessage, Turn, WebhookEvent
from easymo.observability import upkeep
from rollout.core.features import Feature
from rollout.dashboard import page
from rollout.flags import exposure
from rollout.models import Incident
from vouchers.models import Voucher, VoucherEvent

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

DAY = timedelta(hours=24)
TEN_MINUTES = timedelta(minutes=10)
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
        "title": gettext("Overview"),
        "may_switch": request.user.has_perm("rollout.change_exposure"),
        "may_see_dashboard": may_see,
        "may_see_desk": answers_customers(request),
    }
    if not (may_see and wants_dashboard(request)):
        return context | overview_data() | {"features": features()}
    context |= {"title": gettext("Control room")} | page.dashboard_context(request)
    return context if page.is_quick(request) else context | overview_data()


def overview_data() -> dict[str, Any]:
    """Return waiting work, late jobs and the figures of the last day."""
    return {"waiting": waiting(), "last_day": last_day(), "late_jobs": upkeep.late()}


def answers_customers(request: HttpRequest) -> bool:
    """Tell whether the user answers customers."""
    return request.user.has_perm("agents.answer_person")


def wants_dashboard(request: HttpRequest) -> bool:
    """Operators and viewers start with the control room; support does not."""
    asked = request.GET.get("page", "")
    if asked in {"room", "desk"}:
        return asked == "room"
    return page.may_operate(request) or not answers_customers(request)


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


def waiting() -> list[Figure]:
    """Return what waits for a person, most urgent first."""
    month_ago = timezone.now() - 30 * DAY
    open_incidents = Incident.objects.filter(resolved_at__isnull=True).count()
    asked = HandOff.objects.filter(closed_at__isnull=True).count()
    to_approve = _to_approve(month_ago)
    failed = OutboundMessage.objects.filter(
        state=OutboundMessage.State.FAILED,
        given_up_at=None,
        created_at__gt=month_ago,
    ).count()
    queued = ForwardedItem.objects.filter(state=ForwardedItem.State.QUEUED)
    to_forward = queued[:1_000].count()
    late = queued.filter(created_at__lt=timezone.now() - TEN_MINUTES)[:1].count()
    incidents = _list("rollout_incident", "?resolved_at__isempty=1")
    return [
        Figure(
            gettext("Open incidents"), open_incidents, incidents, open_incidents > 0
        ),
        Figure(gettext("People waiting"), asked, _list("agents_handoff"), asked > 0),
        Figure(
            gettext("Vouchers to approve"),
            to_approve,
            _list("vouchers_voucher", "?status__exact=pending_approval"),
            to_approve > 0,
        ),
        Figure(
            gettext("For the previous workflow"),
            to_forward,
            _list("agents_forwardeditem", "?state__exact=queued"),
            late > 0,
        ),
        Figure(
            gettext("Messages not sent"),
            failed,
            _list(
                "agents_outboundmessage", "?state__exact=failed&given_up_at__isempty=1"
            ),
            failed > 0,
        ),
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


def _to_approve(since: datetime) -> int:
    """Count through the events: an index on the status would make updates slower."""
    return VoucherEvent.objects.filter(
        kind=VoucherEvent.Kind.REQUESTED,
        created_at__gt=since,
        voucher__status=Voucher.Status.PENDING_APPROVAL,
    ).count()


def _list(model: str, query: str = "") -> str:
    return reverse(f"admin:{model}_changelist") + query

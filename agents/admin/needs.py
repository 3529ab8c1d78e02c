"""What needs the signed-in person now: each line with a count, an age and a link.

Each line is one bounded query, and only for those who may act on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob

from agents.models import (
    DeadLetter,
    ForwardedItem,
    HandOff,
    InboxEntry,
    OutboundMessage,
)
from agents.operations.audit_runs import KEY as BROKEN_AUDIT
from easymo.backoffice.pages import person_of
from easymo.observability import upkeep
from rollout.checklists import checklists
from rollout.core.formatting import duration
from rollout.flags.selectors import latest_check
from rollout.models import CheckRun, Incident
from rollout.plan import plan as plans
from rollout.policy.gates import unmet
from rollout.stages import stages, waivers
from vouchers import approvals
from vouchers.authority import RULES, Operation
from vouchers.models import ApprovalRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

MOST = 100
# Failed jobs and items are looked for in the newest rows of their tables.
NEWEST = 2_000
MOST_NAMED = 5
DAY = timedelta(hours=24)
MONTH = 30 * DAY
TEN_MINUTES = timedelta(minutes=10)

OPERATE = "rollout.change_exposure"
MOVE = "rollout.move_stage"
ANSWER = "agents.answer_person"
APPROVE = RULES[Operation.APPROVE].permission


@dataclass(frozen=True, slots=True)
class Need:
    """One line: what it is, how many, since when, and where it is done."""

    label: str
    count: int
    oldest: datetime | None
    link: str
    is_urgent: bool = False

    @property
    def shown_count(self) -> str:
        return f"{MOST - 1}+" if self.count >= MOST else str(self.count)

    @property
    def age(self) -> str:
        """Return how old the oldest one is, "" when that is unknown."""
        if self.oldest is None:
            return ""
        return duration(timezone.now() - self.oldest)


def needs_of(request: HttpRequest) -> list[Need]:
    """Return what needs the person now, most urgent first."""
    may = request.user.has_perm
    parts = (
        (OPERATE, _rollout),
        (ANSWER, _conversations),
        (APPROVE, _vouchers_to_approve),
        ("vouchers.change_people", _roles_to_confirm),
        ("rollout.approve_waiver", _waivers),
        ("agents.close_handoff", _tasks),
        ("agents.resend_message", _messages),
        ("agents.resend_forwarded", _forwarded),
        ("rollout.view_agentflag", _late_jobs),
        (OPERATE, _jobs),
        (MOVE, _gates),
    )
    found = [need for right, part in parts if may(right) for need in part(request)]
    return sorted(
        (need for need in found if need.count), key=lambda need: not need.is_urgent
    )


def first_step(request: HttpRequest) -> tuple[str, str]:
    """Return the usual first step of the person when nothing waits."""
    may = request.user.has_perm
    if may(ANSWER) and not may(OPERATE):
        return _("Open the inbox"), reverse("inbox")
    if may("rollout.view_agentflag"):
        return _("Open the control room"), f"{reverse('admin:index')}?page=room"
    if may("vouchers.view_voucher"):
        return _("Open the settlement"), reverse("settlement")
    return _("Change your password"), reverse("admin:password_change")


def _list(model: str, query: str = "") -> str:
    return reverse(f"admin:{model}_changelist") + query


def _need(
    label: str, rows: QuerySet[Any], column: str, link: str, *, is_urgent: bool = True
) -> Need:
    times = list(rows.order_by(column).values_list(column, flat=True)[:MOST])
    return Need(label, len(times), times[0] if times else None, link, is_urgent)


def _rollout(request: HttpRequest) -> Iterator[Need]:
    plan = plans.current()
    if plan.state in plans.DOWN:
        label = _("The rollout is rolled back: restore it step by step")
        yield Need(label, 1, plan.state_since, reverse("restore"), is_urgent=True)
    unresolved = Incident.objects.filter(resolved_at=None)
    broken = unresolved.filter(dedupe_key=BROKEN_AUDIT).first()
    if broken is not None:
        link = reverse("admin:rollout_incident_change", args=[broken.pk])
        label = _("Voucher records do not match their trail")
        yield Need(label, 1, broken.opened_at, link, is_urgent=True)
    yield _need(
        _("Open incidents"),
        unresolved.exclude(dedupe_key=BROKEN_AUDIT),
        "opened_at",
        _list("rollout_incident", "?resolved_at__isempty=1"),
    )


def _conversations(request: HttpRequest) -> Iterator[Need]:
    yield _need(
        _("Conversations wait for a colleague"),
        InboxEntry.objects.filter(waiting_since__isnull=False),
        "waiting_since",
        f"{reverse('inbox')}?show=waiting",
    )
    yield _need(
        _("Your conversations with unread messages"),
        InboxEntry.objects.filter(assignee=person_of(request)).filter(
            Q(conversation__last_inbound_at__gt=F("read_at"))
            | Q(read_at=None, conversation__last_inbound_at__isnull=False)
        ),
        "conversation__last_inbound_at",
        f"{reverse('inbox')}?show=mine",
    )


def _vouchers_to_approve(request: HttpRequest) -> Iterator[Need]:
    yield _need(
        _("Vouchers to approve"),
        ApprovalRequest.objects.filter(ended_at=None),
        "voucher__created_at",
        reverse("approvals"),
    )
    yield _need(
        _("Reversals to decide"),
        approvals.waiting_reversals(),
        "asked_at",
        _list("vouchers_reversalrequest", "?decision__exact=waiting"),
    )
    yield _need(
        _("Spreadsheets to approve"),
        approvals.waiting_batches(),
        "created_at",
        _list("vouchers_batch", "?state__exact=waiting"),
    )


def _roles_to_confirm(request: HttpRequest) -> Iterator[Need]:
    yield _need(
        _("Roles and rights to confirm"),
        approvals.waiting_changes(),
        "given_at",
        _list("vouchers_authoritychange", "?decision__exact=waiting"),
    )


def _waivers(request: HttpRequest) -> Iterator[Need]:
    yield _need(
        _("Waivers to approve"),
        waivers.waiting_waivers(plans.current()),
        "asked_at",
        _list("rollout_waiver"),
    )


def _tasks(request: HttpRequest) -> Iterator[Need]:
    yield _need(
        _("Open tasks about customers"),
        HandOff.objects.filter(closed_at=None),
        "opened_at",
        _list("agents_handoff"),
    )


def _messages(request: HttpRequest) -> Iterator[Need]:
    yield _need(
        _("Messages not delivered"),
        OutboundMessage.objects.filter(
            state=OutboundMessage.State.FAILED,
            given_up_at=None,
            created_at__gt=timezone.now() - MONTH,
        ),
        "created_at",
        _list("agents_outboundmessage", "?state__exact=failed&given_up_at__isempty=1"),
    )


def _forwarded(request: HttpRequest) -> Iterator[Need]:
    yield _need(
        _("The previous workflow has not taken these"),
        ForwardedItem.objects.filter(
            state=ForwardedItem.State.QUEUED,
            created_at__lt=timezone.now() - TEN_MINUTES,
        ),
        "created_at",
        _list("agents_forwardeditem", "?state__exact=queued"),
    )


def _late_jobs(request: HttpRequest) -> Iterator[Need]:
    late = upkeep.late()
    since = [job.since for job in late if job.since is not None]
    names = ", ".join(job.name for job in late[:MOST_NAMED])
    yield Need(
        _("Late jobs, is a worker running? %(names)s") % {"names": names},
        len(late),
        min(since, default=None),
        _list("procrastinate_procrastinatejob"),
        is_urgent=True,
    )


def _jobs(request: HttpRequest) -> Iterator[Need]:
    failed = _newest(ProcrastinateJob).filter(status="failed")
    yield Need(
        _("Failed jobs"),
        len(failed.values_list("pk", flat=True)[:MOST]),
        None,
        _list("procrastinate_procrastinatejob", "?status__exact=failed"),
    )
    yield _need(
        _("Webhooks that could not be processed"),
        _newest(DeadLetter).filter(resolved_at=None),
        "created_at",
        _list("agents_deadletter"),
    )


def _newest(model: type[Model]) -> QuerySet[Any]:
    """Return the newest rows of a table that has no index for the question."""
    rows = model._default_manager.all()
    last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    return rows.filter(pk__gt=last - NEWEST)


def _gates(request: HttpRequest) -> Iterator[Need]:
    plan = plans.current()
    yield Need(
        _("Gates to the next stage are not met"),
        len(unmet(stages.gates_now(plan))),
        plan.run.entered_at,
        reverse("admin:rollout_plan_change", args=[plan.pk]),
    )
    lines = checklists.due_first(checklists.checklist_lines(plan.run))
    yield Need(
        _("Lines of the checklist are due"),
        len(lines),
        None,
        reverse("checklist"),
    )
    run = latest_check(CheckRun.Kind.PREFLIGHT)
    if run is None:
        label = _("The pre-flight was never run")
        yield Need(label, 1, None, reverse("check-runs"))
        return
    counts = run.counts
    yield Need(
        _("Failed lines and warnings of the pre-flight"),
        counts["failed"] + counts["warning"],
        run.finished_at,
        reverse("admin:rollout_checkrun_change", args=[run.pk]),
        is_urgent=counts["failed"] > 0,
    )

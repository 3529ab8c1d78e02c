"""What needs the signed-in person now: each line with a count, an age and a link.

Only lines that the person may act on are counted, each up to a bound, and together.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django.db.models import F, Q, SmallIntegerField, Subquery, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
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
    from collections.abc import Callable, Iterator

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

    from rollout.models import Plan

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


type Label = Callable[[int], str]


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line whose rows are still to be counted: all such lines are one query."""

    label: Label
    rows: QuerySet[Any]
    # The time since when a row waits.
    column: str
    link: str
    is_urgent: bool = True

    def times(self, number: int) -> QuerySet[Any]:
        """Return the oldest times, each with the number of the line."""
        of_line = Value(number, output_field=SmallIntegerField())
        rows = self.rows.order_by(self.column).annotate(of_line=of_line)
        return rows.values_list("of_line", self.column)[:MOST]

    def counted(self, times: list[datetime]) -> Need:
        oldest = min(times, default=None)
        text = self.label(len(times))
        return Need(text, len(times), oldest, self.link, self.is_urgent)


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
    # Read once, where a line needs it.
    plan = cast("Plan", SimpleLazyObject(plans.current))
    lines = [
        line for right, part in parts if may(right) for line in part(request, plan)
    ]
    return sorted(
        (need for need in _counted(lines) if need.count),
        key=lambda need: not need.is_urgent,
    )


def _counted(lines: list[Need | Waiting]) -> list[Need]:
    """Count the lines that wait to be counted."""
    parts = [
        line.times(number)
        for number, line in enumerate(lines)
        if isinstance(line, Waiting)
    ]
    times: dict[int, list[datetime]] = defaultdict(list)
    if parts:
        for number, at in parts[0].union(*parts[1:], all=True).order_by():
            times[number].append(at)
    return [
        line.counted(times[number]) if isinstance(line, Waiting) else line
        for number, line in enumerate(lines)
    ]


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


def _rollout(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    if plan.state in plans.DOWN:
        label = _("The rollout is rolled back: restore it step by step")
        yield Need(label, 1, plan.state_since, reverse("restore"), is_urgent=True)
    unresolved = Incident.objects.filter(resolved_at=None)
    broken = unresolved.filter(dedupe_key=BROKEN_AUDIT).first()
    if broken is not None:
        link = reverse("admin:rollout_incident_change", args=[broken.pk])
        label = _("Voucher records do not match their trail")
        yield Need(label, 1, broken.opened_at, link, is_urgent=True)
    yield Waiting(
        lambda n: ngettext("Open incident", "Open incidents", n),
        unresolved.exclude(dedupe_key=BROKEN_AUDIT),
        "opened_at",
        _list("rollout_incident", "?resolved_at__isempty=1"),
    )


def _conversations(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    yield Waiting(
        lambda n: ngettext(
            "Conversation waits for a colleague",
            "Conversations wait for a colleague",
            n,
        ),
        InboxEntry.objects.filter(waiting_since__isnull=False),
        "waiting_since",
        f"{reverse('inbox')}?show=waiting",
    )
    yield Waiting(
        lambda n: ngettext(
            "Conversation of yours with unread messages",
            "Your conversations with unread messages",
            n,
        ),
        InboxEntry.objects.filter(assignee=person_of(request)).filter(
            Q(conversation__last_inbound_at__gt=F("read_at"))
            | Q(read_at=None, conversation__last_inbound_at__isnull=False)
        ),
        "conversation__last_inbound_at",
        f"{reverse('inbox')}?show=mine",
    )


def _vouchers_to_approve(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    yield Waiting(
        lambda n: ngettext("Voucher to approve", "Vouchers to approve", n),
        ApprovalRequest.objects.filter(ended_at=None),
        "voucher__created_at",
        reverse("approvals"),
    )
    yield Waiting(
        lambda n: ngettext("Reversal to decide", "Reversals to decide", n),
        approvals.waiting_reversals(),
        "asked_at",
        _list("vouchers_reversalrequest", "?decision__exact=waiting"),
    )
    yield Waiting(
        lambda n: ngettext("Spreadsheet to approve", "Spreadsheets to approve", n),
        approvals.waiting_batches(),
        "created_at",
        _list("vouchers_batch", "?state__exact=waiting"),
    )


def _roles_to_confirm(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    yield Waiting(
        lambda n: ngettext(
            "Role or right to confirm", "Roles and rights to confirm", n
        ),
        approvals.waiting_changes(),
        "given_at",
        _list("vouchers_authoritychange", "?decision__exact=waiting"),
    )


def _waivers(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    yield Waiting(
        lambda n: ngettext("Waiver to approve", "Waivers to approve", n),
        waivers.waiting_waivers(plan),
        "asked_at",
        _list("rollout_waiver"),
    )


def _tasks(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    yield Waiting(
        lambda n: ngettext(
            "Open task about a customer", "Open tasks about customers", n
        ),
        HandOff.objects.filter(closed_at=None),
        "opened_at",
        _list("agents_handoff"),
    )


def _messages(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    yield Waiting(
        lambda n: ngettext("Message not delivered", "Messages not delivered", n),
        OutboundMessage.objects.filter(
            state=OutboundMessage.State.FAILED,
            given_up_at=None,
            created_at__gt=timezone.now() - MONTH,
        ),
        "created_at",
        _list("agents_outboundmessage", "?state__exact=failed&given_up_at__isempty=1"),
    )


def _forwarded(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    yield Waiting(
        lambda n: ngettext(
            "Item that the previous workflow has not taken",
            "The previous workflow has not taken these",
            n,
        ),
        ForwardedItem.objects.filter(
            state=ForwardedItem.State.QUEUED,
            created_at__lt=timezone.now() - TEN_MINUTES,
        ),
        "created_at",
        _list("agents_forwardeditem", "?state__exact=queued"),
    )


def _late_jobs(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    late = upkeep.late()
    since = [job.since for job in late if job.since is not None]
    names = ", ".join(job.name for job in late[:MOST_NAMED])
    text = ngettext(
        "Late job, is a worker running? %(names)s",
        "Late jobs, is a worker running? %(names)s",
        len(late),
    )
    yield Need(
        text % {"names": names},
        len(late),
        min(since, default=None),
        _list("procrastinate_procrastinatejob"),
        is_urgent=True,
    )


def _jobs(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    failed = len(
        _newest(ProcrastinateJob)
        .filter(status="failed")
        .values_list("pk", flat=True)[:MOST]
    )
    yield Need(
        ngettext("Failed job", "Failed jobs", failed),
        failed,
        None,
        _list("procrastinate_procrastinatejob", "?status__exact=failed"),
    )
    yield Waiting(
        lambda n: ngettext(
            "Webhook that could not be processed",
            "Webhooks that could not be processed",
            n,
        ),
        _newest(DeadLetter).filter(resolved_at=None),
        "created_at",
        _list("agents_deadletter"),
    )


def _newest(model: type[Model]) -> QuerySet[Any]:
    """Return the newest rows of a table that has no index for the question."""
    rows = model._default_manager.all()
    last = Subquery(rows.order_by("-pk").values("pk")[:1])
    return rows.filter(pk__gt=last - NEWEST)


def _gates(request: HttpRequest, plan: Plan) -> Iterator[Need | Waiting]:
    lines = checklists.checklist_lines(plan.run)
    closed = len(unmet(stages.gates_now(plan, lines)))
    yield Need(
        ngettext(
            "Gate to the next stage is not met",
            "Gates to the next stage are not met",
            closed,
        ),
        closed,
        plan.run.entered_at,
        reverse("admin:rollout_plan_change", args=[plan.pk]),
    )
    due = len(checklists.due_first(lines))
    yield Need(
        ngettext("Line of the checklist is due", "Lines of the checklist are due", due),
        due,
        None,
        reverse("checklist"),
    )
    run = latest_check(CheckRun.Kind.PREFLIGHT)
    if run is None:
        label = _("The pre-flight was never run")
        yield Need(label, 1, None, reverse("check-runs"))
        return
    failed, warnings = run.counts["failed"], run.counts["warning"]
    yield Need(
        ngettext(
            "Failed line or warning of the pre-flight",
            "Failed lines and warnings of the pre-flight",
            failed + warnings,
        ),
        failed + warnings,
        run.finished_at,
        reverse("admin:rollout_checkrun_change", args=[run.pk]),
        is_urgent=failed > 0,
    )

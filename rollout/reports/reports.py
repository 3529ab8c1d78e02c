"""The daily, the weekly and the post-deployment report.

The text is in `templates/rollout/reports/report.md`; this module reads its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from easymo.sentences import label, translatable
from rollout.announcements import announcements
from rollout.checklists import checklists
from rollout.core import clock, jobs
from rollout.core.formatting import (
    UNKNOWN,
    exact_duration,
    milliseconds,
    moment,
    share,
    short_day,
    usd,
)
from rollout.evidence import figures, leaks
from rollout.models import (
    Announcement,
    ChecklistTick,
    FlagChange,
    GateResult,
    Incident,
    Override,
    PlanChange,
    RollbackEvent,
    StageName,
    Waiver,
)
from rollout.notices import notices
from rollout.plan import plan as plans
from rollout.policy.schedule import DueState
from rollout.reports.markdown import Section, render, sections
from rollout.stages import stages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollout.evidence.figures import Figures
    from rollout.models import Notice, StageRun

DAY = timedelta(days=1)
WEEK = 7 * DAY
# An hour of the day in Africa/Kigali.
MORNING = 7
REPORTED_STAGES = {StageName.BETA, StageName.PRODUCTION}
KINDS = ("daily", "weekly", "summary")
MOST_ROWS = 50
MOST_DAYS = 92
# Title, value and the guide's target.
FIGURES: tuple[tuple[str, Callable[[Figures], str], str], ...] = (
    (translatable("Conversations"), lambda f: str(f.conversations), ""),
    (translatable("Failed conversations"), lambda f: str(f.failed_conversations), ""),
    (translatable("Tool call success rate"), lambda f: share(f.success), "> 95 %"),
    (translatable("P95 latency"), lambda f: milliseconds(f.latency_p95_ms), "< 3 s"),
    (translatable("Median latency"), lambda f: milliseconds(f.latency_p50_ms), ""),
    (
        translatable("P95 of waiting before it"),
        lambda f: milliseconds(f.wait_p95_ms),
        "",
    ),
    (
        translatable("Cost per conversation"),
        lambda f: usd(f.cost_per_conversation),
        "< $0.10",
    ),
    (translatable("OpenAI cost"), lambda f: usd(f.cost), ""),
    (translatable("Conversations without a price"), lambda f: str(f.unpriced), "0"),
    (translatable("Requests per hour"), lambda f: f"{f.requests_an_hour:.1f}", ""),
    (translatable("User satisfaction"), lambda f: share(f.satisfaction), ""),
)


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    period: str
    markdown: str

    @property
    def sections(self) -> list[Section]:
        return list(sections(self.markdown))


def daily(day: date | None = None) -> Report:
    """Report one day, or the last 24 hours."""
    if day is None:
        now = clock.now()
        return compose(translatable("Daily report"), now - DAY, now)
    since = _midnight(day)
    return compose(
        translatable("Daily report of {day}", day=short_day(day)), since, since + DAY
    )


def weekly(day: date | None = None) -> Report:
    """Report the calendar week before the day's week, or the last seven days."""
    if day is None:
        now = clock.now()
        return compose(translatable("Weekly report"), now - WEEK, now)
    until = _midnight(day - timedelta(days=day.weekday()))
    first = timezone.localtime(until - WEEK)
    return compose(
        translatable("Weekly report from {day}", day=short_day(first)),
        until - WEEK,
        until,
    )


def summary() -> Report:
    """Report everything since the current stage began."""
    run = checklists.current_run()
    since = run.entered_at if run else clock.now() - WEEK
    stage = label(run.stage) if run else translatable("no stage")
    title = translatable("Post-deployment summary: {stage}", stage=stage)
    return compose(title, since, clock.now())


def make(kind: str, day: date | None = None) -> Report:
    if kind == "summary":
        return summary()
    return weekly(day) if kind == "weekly" else daily(day)


def compose(title: str, since: datetime, until: datetime) -> Report:
    length = exact_duration(until - since)
    period = translatable(
        "{since} to {until} ({length}), Kigali time.",
        since=moment(since),
        until=moment(until),
        length=length,
    )
    values = {"title": title, "period": period, **_values(since, until)}
    return Report(title, period, render("report.md", values))


def _values(since: datetime, until: datetime) -> dict[str, Any]:
    """Read the values of the template; every list is bounded."""
    during = {"at__gte": since, "at__lt": until}
    now = figures.window(since, until)
    due = checklists.due_lines()
    sent = Announcement.objects.filter(sent_at__gte=since, sent_at__lt=until)
    announced = list(sent.order_by("-id")[:MOST_ROWS])
    counts = announcements.counts_of(announced)
    changes = FlagChange.objects.filter(kind=FlagChange.Kind.FLAG, **during)
    incidents = Incident.objects.filter(
        Q(opened_at__gte=since, opened_at__lt=until)
        | Q(resolved_at__gte=since, resolved_at__lt=until)
        | Q(resolved_at__isnull=True)
    )
    waivers = Waiver.objects.filter(asked_at__gte=since, asked_at__lt=until)
    return {
        "plan": plans.current(),
        "figures": _figure_rows(now, since, until),
        "errors": now.top_errors,
        "days": _days(since, until),
        "incidents": _newest(incidents),
        "rollbacks": _newest(RollbackEvent.objects.filter(**during)),
        "changes": _newest(changes.select_related("flag")),
        "moves": _newest(PlanChange.objects.filter(**during)),
        "overrides": _newest(Override.objects.filter(**during)),
        "waivers": _newest(waivers),
        "gates": [
            (GateResult.Verdict(gate.verdict).label, gate)
            for gate in stages.gates_now()
        ],
        "ticks": ChecklistTick.objects.filter(**during).count(),
        "due": due[: MOST_ROWS - 1],
        "overdue": sum(line.due_status.state == DueState.OVERDUE for line in due),
        "announcements": [(row, counts[row.pk]) for row in announced],
    }


def _newest(rows: Any) -> list[Any]:
    return list(rows.order_by("-id")[:MOST_ROWS])


def _figure_rows(
    now: Figures, since: datetime, until: datetime
) -> list[tuple[str, str, str, str]]:
    """Return the figures beside those of the same length of time before."""
    before = figures.window(since - (until - since), since)
    rows = [(title, read(now), read(before), need) for title, read, need in FIGURES]
    found = leaks.confirmed_since(since)
    is_known = found or leaks.lines_scanned_since(since)
    leaked = str(found) if is_known else UNKNOWN
    return [
        *rows,
        (translatable("Personal data in logs, since then"), leaked, UNKNOWN, "0"),
    ]


def _days(since: datetime, until: datetime) -> list[figures.Point]:
    """Return the newest days of a report that is longer than a day."""
    if until - since <= DAY:
        return []
    return figures.series(max(since, until - MOST_DAYS * DAY), until, DAY)


def send(report: Report, *, key: str = "") -> list[Notice]:
    """Queue a report for Slack and e-mail; the same key is sent once."""
    sent = notices.queue_report(subject=report.title, text=report.markdown, key=key)
    jobs.enqueue_notices()
    return sent


def send_due(now: datetime | None = None) -> int:
    """Send the reports of this morning once, also when called late or repeatedly."""
    local = timezone.localtime(now or clock.now())
    run = checklists.current_run()
    if run is None or run.stage not in REPORTED_STAGES or local.hour < MORNING:
        return 0
    sent = 0
    for key, report in _due_reports(run, local):
        if not notices.was_queued(key):
            send(report(), key=key)
            sent += 1
    return sent


def _due_reports(
    run: StageRun, local: datetime
) -> Iterator[tuple[str, Callable[[], Report]]]:
    today, age = local.date(), local - run.entered_at
    yesterday = today - DAY
    if run.stage == StageName.BETA or age < WEEK + DAY:
        yield f"report:daily:{yesterday}", lambda: daily(yesterday)
    monday = today - timedelta(days=today.weekday())
    if run.entered_at < _midnight(monday):
        yield f"report:weekly:{monday}", lambda: weekly(monday)
    if run.stage == StageName.PRODUCTION and age >= WEEK:
        yield f"report:summary:{run.pk}", summary


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))

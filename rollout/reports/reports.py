"""The daily, the weekly and the post-deployment report, read from the rows."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from rollout.checklists.checklists import current_run
from rollout.core import clock, jobs
from rollout.core.formatting import lasted, moment
from rollout.models import StageName
from rollout.notices import notices
from rollout.reports import parts
from rollout.reports.report import Report, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollout.models import Notice, StageRun

DAY = timedelta(days=1)
WEEK = 7 * DAY
# Africa/Kigali's.
MORNING = 7
WATCHED = {StageName.BETA, StageName.PRODUCTION}
KINDS = ("daily", "weekly", "summary")


def daily(day: date | None = None) -> Report:
    """Report one day; without one, the last 24 hours."""
    if day is None:
        now = clock.now()
        return compose("Daily report", now - DAY, now)
    since = _midnight(day)
    return compose(f"Daily report of {day:%d %b %Y}", since, since + DAY)


def weekly(day: date | None = None) -> Report:
    """Report the whole week before this day's; without one, the last seven days."""
    if day is None:
        now = clock.now()
        return compose("Weekly report", now - WEEK, now)
    until = _midnight(day - timedelta(days=day.weekday()))
    first = timezone.localtime(until - WEEK)
    return compose(f"Weekly report from {first:%d %b %Y}", until - WEEK, until)


def summary() -> Report:
    """Report the deployment: from production's beginning, or else this stage's."""
    run = current_run()
    since = run.entered_at if run else clock.now() - WEEK
    stage = run.stage if run else "no stage"
    return compose(f"Post-deployment summary: {stage}", since, clock.now())


def make(kind: str, day: date | None = None) -> Report:
    return (
        {"daily": daily, "weekly": weekly}[kind](day)
        if kind != "summary"
        else summary()
    )


def compose(title: str, since: datetime, until: datetime) -> Report:
    period = (
        f"{moment(since)} to {moment(until)} ({lasted(until - since)}), Kigali time."
    )
    return Report(title, period, tuple(_sections(since, until)))


def _sections(since: datetime, until: datetime) -> Iterator[Section]:
    yield parts.where_we_stand()
    yield parts.figures_of(since, until)
    yield parts.errors_of(since, until)
    if until - since > DAY:
        yield parts.days_of(since, until)
    yield parts.incidents_of(since, until)
    yield parts.changes_of(since, until)
    yield parts.moves_of(since, until)
    yield parts.gates()
    yield parts.checklist_of(since, until)
    yield parts.announcements_of(since, until)


def send(report: Report, *, key: str = "") -> list[Notice]:
    """Put a report on its way over every road; with a key, once."""
    sent = notices.queue_report(subject=report.title, text=report.markdown, key=key)
    jobs.enqueue_notices()
    return sent


def send_due(now: datetime | None = None) -> int:
    """Send what this morning asks for, once, however often and late it is called."""
    local = timezone.localtime(now or clock.now())
    run = current_run()
    if run is None or run.stage not in WATCHED or local.hour < MORNING:
        return 0
    sent = 0
    for key, report in _due(run, local):
        if not notices.was_queued(key):
            send(report(), key=key)
            sent += 1
    return sent


def _due(run: StageRun, local: datetime) -> Iterator[tuple[str, Callable[[], Report]]]:
    today, age = local.date(), local - run.entered_at
    yesterday = today - timedelta(days=1)
    if run.stage == StageName.BETA or age < WEEK + DAY:
        yield f"report:daily:{yesterday}", lambda: daily(yesterday)
    monday = today - timedelta(days=today.weekday())
    if run.entered_at < _midnight(monday):
        yield f"report:weekly:{monday}", lambda: weekly(monday)
    if run.stage == StageName.PRODUCTION and age >= WEEK:
        yield f"report:summary:{run.pk}", summary


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))

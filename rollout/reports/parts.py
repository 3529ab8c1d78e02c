"""The parts of a report, each from its rows, bounded whatever lies behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from rollout.announcements import announcements
from rollout.checklists import checklists
from rollout.core.formatting import UNKNOWN, lasted, moment, seconds, share, usd
from rollout.evidence import figures, leaks
from rollout.flags.selectors import state_text
from rollout.models import (
    Announcement,
    ChecklistTick,
    FlagChange,
    GateResult,
    Incident,
    Override,
    PlanChange,
    RollbackEvent,
    Waiver,
)
from rollout.plan import plan as plans
from rollout.policy.schedule import State
from rollout.reports.report import Section
from rollout.stages import stages

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rollout.evidence.figures import Figures

MOST = 50
MOST_DAYS = 92
# What is told, how it is read, and what the guide wants.
ROWS: tuple[tuple[str, Callable[[Figures], str], str], ...] = (
    ("Conversations", lambda f: str(f.conversations), ""),
    ("Failed conversations", lambda f: str(f.failed_conversations), ""),
    ("Tool call success rate", lambda f: share(f.success), "> 95 %"),
    ("P95 latency", lambda f: seconds(f.latency_p95_ms), "< 3 s"),
    ("Median latency", lambda f: seconds(f.latency_p50_ms), ""),
    ("P95 of waiting before it", lambda f: seconds(f.wait_p95_ms), ""),
    ("Cost per conversation", lambda f: usd(f.cost_per_conversation), "< $0.10"),
    ("OpenAI cost", lambda f: usd(f.cost), ""),
    ("Conversations without a price", lambda f: str(f.unpriced), "0"),
    ("Requests per hour", lambda f: f"{f.requests_an_hour:.1f}", ""),
    ("User satisfaction", lambda f: share(f.satisfaction), ""),
)


def where_we_stand() -> Section:
    plan = plans.current()
    return Section(
        "Where we stand",
        (
            f"Stage {plan.run.stage} since {moment(plan.run.entered_at)}",
            f"State {plan.get_state_display()}: {plan.state_reason}",
        ),
    )


def figures_of(since: datetime, until: datetime) -> Section:
    """Show the figures beside those of as long a time before."""
    now = figures.window(since, until)
    before = figures.window(since - (until - since), since)
    rows = [(name, read(now), read(before), need) for name, read, need in ROWS]
    rows.append(("Personal data in logs, since then", leaks_told(since), UNKNOWN, "0"))
    return Section(
        "Figures", table=(("figure", "now", "before", "guide's target"), *rows)
    )


def leaks_told(since: datetime) -> str:
    """Count them; where nobody looked, nobody knows."""
    found = leaks.confirmed_since(since)
    looked = found or leaks.lines_scanned_since(since)
    return str(found) if looked else UNKNOWN


def errors_of(since: datetime, until: datetime) -> Section:
    top = figures.window(since, until).top_errors
    rows = [(code, str(number)) for code, number in top]
    return Section("Top error types", table=(("error", "times"), *rows))


def days_of(since: datetime, until: datetime) -> Section:
    """Show the days one by one, the newest of them where there are many."""
    first = max(since, until - MOST_DAYS * figures.HOUR * 24)
    points = figures.series(first, until, 24 * figures.HOUR)
    rows = [
        (
            timezone.localtime(point.at).strftime("%a %d %b"),
            str(point.figures.conversations),
            share(point.figures.success),
            seconds(point.figures.latency_p95_ms),
            usd(point.figures.cost),
        )
        for point in points
    ]
    head = ("day", "conversations", "success", "P95", "cost")
    return Section("Day by day", table=(head, *rows))


def incidents_of(since: datetime, until: datetime) -> Section:
    touched = Incident.objects.filter(
        Q(opened_at__gte=since, opened_at__lt=until)
        | Q(resolved_at__gte=since, resolved_at__lt=until)
        | Q(resolved_at__isnull=True)
    )
    lines = [
        f"#{row.pk} {row.title} ({row.severity}, {row.status},"
        f" opened {moment(row.opened_at)}{_ended(row)})"
        for row in touched.order_by("-id")[:MOST]
    ]
    events = RollbackEvent.objects.filter(at__gte=since, at__lt=until)
    lines += [
        f"{event.kind} rollback by {event.actor} at {moment(event.at)}: {event.reason}"
        for event in events.order_by("-id")[:MOST]
    ]
    return Section("Incidents and rollbacks", tuple(lines))


def _ended(row: Incident) -> str:
    if row.resolved_at is None:
        return ""
    return f", resolved after {lasted(row.resolved_at - row.opened_at)}"


def changes_of(since: datetime, until: datetime) -> Section:
    rows = FlagChange.objects.filter(
        kind=FlagChange.Kind.FLAG, at__gte=since, at__lt=until
    ).select_related("flag")
    return Section(
        "Changes of features",
        tuple(
            f"{moment(row.at)} {row.flag}: {_audience(row.after)} by {row.actor}"
            f"{_against(row)}. {row.reason}"
            for row in rows.order_by("-id")[:MOST]
        ),
    )


def _audience(state: dict[str, object] | None) -> str:
    if state and state.get("everyone") is True:
        return "on for everyone"
    if state and state.get("everyone") is None:
        return state_text(state)
    return "off"


def _against(row: FlagChange | PlanChange) -> str:
    return ", by OVERRIDE" if row.override else ""


def moves_of(since: datetime, until: datetime) -> Section:
    """Tell how the plan moved, and who went round what for how long."""
    moves = PlanChange.objects.filter(at__gte=since, at__lt=until)
    lines = [
        f"{moment(row.at)} {row.get_kind_display()}, now {row.after['stage']} and"
        f" {str(row.after['state']).replace('_', ' ')}, by {row.actor}"
        f"{_against(row)}. {row.reason}"
        for row in moves.order_by("-id")[:MOST]
    ]
    holds = Override.objects.filter(at__gte=since, at__lt=until)
    lines += [
        f"{moment(row.at)} OVERRIDE: automatic rollback held back until"
        f" {moment(row.ended_at or row.expires_at)} by {row.by}. {row.reason}"
        for row in holds.order_by("-id")[:MOST]
    ]
    waivers = Waiver.objects.filter(asked_at__gte=since, asked_at__lt=until)
    lines += [
        f"{moment(row.asked_at)} WAIVER of {row.gate} until"
        f" {moment(row.expires_at)}, asked by {row.asked_by},"
        f" {f'approved by {row.approved_by}' if row.approved_by else 'not approved'}."
        f" {row.reason}"
        for row in waivers.order_by("-id")[:MOST]
    ]
    return Section("Moves of the plan, overrides, waivers", tuple(lines))


def gates() -> Section:
    return Section(
        "Gates of this stage",
        tuple(
            f"{GateResult.Verdict(gate.verdict).label}: {gate.sentence}"
            for gate in stages.gates_now()
        ),
        otherwise="This is the last stage.",
    )


def checklist_of(since: datetime, until: datetime) -> Section:
    ticks = ChecklistTick.objects.filter(at__gte=since, at__lt=until).count()
    due = checklists.due_lines()
    lines = [f"Ticked: {ticks}"]
    lines += [
        f"{line.standing.state}: {line.item.text} ({line.item.cadence})" for line in due
    ]
    late = sum(line.standing.state == State.OVERDUE for line in due)
    return Section("Checklist", (*lines[:MOST], f"Overdue: {late}"))


def announcements_of(since: datetime, until: datetime) -> Section:
    sent = Announcement.objects.filter(sent_at__gte=since, sent_at__lt=until)
    rows = list(sent.order_by("-id")[:MOST])
    counted = announcements.counts_of(rows)
    return Section(
        "Announcements",
        tuple(
            f"{row.subject} (to {row.get_audience_display()} by"
            f" {row.get_medium_display()}): {counted[row.pk]}"
            for row in rows
        ),
    )

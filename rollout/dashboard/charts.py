"""The charts of the dashboard: figures over time, annotated with flag changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from easymo.sentences import counted
from rollout.core import clock
from rollout.core.formatting import UNKNOWN, seconds, share, usd
from rollout.dashboard import svg
from rollout.dashboard.features import label_of
from rollout.dashboard.svg import Annotation, Series
from rollout.evidence.figures import Figures, series
from rollout.flags.selectors import state_text
from rollout.guardrails import evaluate
from rollout.models import FlagChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from django.utils.safestring import SafeString

    from rollout.evidence.figures import Point

    type Value = float | None
    type Words = Callable[[Value], str]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Name, length, step, and the format of the times below the chart.
RANGES = {
    "24h": (_("24 hours"), DAY, HOUR, "%H:%M"),
    "7d": (_("7 days"), 7 * DAY, 3 * HOUR, "%a %d"),
    "30d": (_("30 days"), 30 * DAY, 12 * HOUR, "%d %b"),
}
SHOWN_TIMES = 5
# A step that has run for less time has no rate per hour yet.
SHORTEST_STEP_S = 300
LATENCY_TARGET_S = 3.0
MOST_ANNOTATIONS = 20
# Annotations closer than this share of the width become one.
ANNOTATION_DISTANCE = 0.012


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, drawn and as a table."""

    name: str
    title: str
    total: str
    lines: tuple[Series, ...]
    drawing: SafeString
    target: float | None
    target_words: str
    is_stacked: bool
    times: tuple[datetime, ...]
    table: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Charts:
    """All charts of one range."""

    range: str
    ranges: tuple[tuple[str, str], ...]
    charts: tuple[Chart, ...]
    marks: tuple[Annotation, ...]
    errors: tuple[tuple[str, int], ...]
    conversations: int


def read_charts(name: str) -> Charts:
    """Draw one range: two queries, however long it is."""
    name = name if name in RANGES else "24h"
    _, length, step, time_format = RANGES[name]
    until = clock.now()
    points = series(until - length, until, step)
    annotations = annotations_between(points[0].at, points[-1].at + step)
    total = total_figures(points)
    return Charts(
        range=name,
        ranges=tuple((key, str(words[0])) for key, words in RANGES.items()),
        charts=_charts(ChartFrame(points, annotations, time_format), total, until),
        marks=tuple(annotations),
        errors=tuple(total.top_errors),
        conversations=total.conversations,
    )


def _charts(frame: ChartFrame, total: Figures, until: datetime) -> tuple[Chart, ...]:
    every = [point.figures for point in frame.points]
    return (
        frame.curves(
            (
                "requests",
                gettext("Requests an hour"),
                counted(total.turns, "{number} request", "{number} requests"),
            ),
            {gettext("Requests an hour"): requests_an_hour(frame.points, until)},
            words=_whole,
        ),
        frame.columns(
            (
                "calls",
                gettext("Tool calls"),
                gettext("{success} succeed").format(success=share(total.success)),
            ),
            {
                gettext("Succeeded"): [
                    float(each.calls - each.failed) for each in every
                ],
                gettext("Failed"): [float(each.failed) for each in every],
            },
        ),
        frame.curves(
            ("latency", gettext("Latency"), f"p95 {seconds(_s(total.latency_p95_ms))}"),
            {
                "p50": [_s(each.latency_p50_ms) for each in every],
                "p95": [_s(each.latency_p95_ms) for each in every],
            },
            words=seconds,
            target=LATENCY_TARGET_S,
        ),
        _cost_chart(frame, every, total),
        _satisfaction_chart(frame, every, total),
    )


def _satisfaction_chart(
    frame: ChartFrame, every: Sequence[Figures], total: Figures
) -> Chart:
    return frame.columns(
        (
            "satisfaction",
            gettext("Satisfaction"),
            gettext("{satisfaction} satisfied").format(
                satisfaction=share(total.satisfaction)
            ),
        ),
        {
            gettext("Satisfied"): [float(each.satisfied) for each in every],
            gettext("Not satisfied"): [float(each.dissatisfied) for each in every],
        },
    )


def _cost_chart(frame: ChartFrame, every: Sequence[Figures], total: Figures) -> Chart:
    costs = [each.cost_per_conversation for each in every]
    return frame.curves(
        (
            "cost",
            gettext("Cost of a conversation"),
            gettext("{cost} in all, {cost_per_conversation} each").format(
                cost=usd(total.cost),
                cost_per_conversation=usd(total.cost_per_conversation),
            ),
        ),
        {gettext("Cost"): [None if cost is None else float(cost) for cost in costs]},
        words=usd,
        target=evaluate.policy_in_force().expected["chat"].cost,
    )


@dataclass(frozen=True, slots=True)
class ChartFrame:
    """The steps, annotations and times that all charts of one range share."""

    points: Sequence[Point]
    annotations: Sequence[Annotation]
    time_format: str

    def curves(
        self,
        heading: tuple[str, str, str],
        values: Mapping[str, Sequence[Value]],
        *,
        words: Words,
        target: float | None = None,
    ) -> Chart:
        """Draw one curve per name; a step without figures is a gap."""
        lines = _lines(values)
        known = [v for line in lines for v in line.values if v is not None]
        top = svg.round_up(max([*known, target or 0.0]))
        plot = svg.curves(lines, top=top, target=target)
        scale = [(value, words(value)) for value in (0.0, top / 2, top)]
        return self._chart(heading, lines, plot, scale, words, target=target)

    def columns(
        self, heading: tuple[str, str, str], values: Mapping[str, Sequence[float]]
    ) -> Chart:
        """Draw counts as columns on top of each other."""
        lines = _lines(values)
        sums = [sum(found) for found in zip(*values.values(), strict=True)]
        top = svg.round_up(max([*sums, 4.0]))
        # Counts have no halves.
        marks = [value for value in (0.0, top / 2, top) if value.is_integer()]
        scale = [(value, f"{value:g}") for value in marks]
        plot = svg.columns(lines, top=top)
        return self._chart(heading, lines, plot, scale, _whole, is_stacked=True)

    def _chart(
        self,
        heading: tuple[str, str, str],
        lines: tuple[Series, ...],
        plot: SafeString,
        scale: Sequence[tuple[float, str]],
        words: Words,
        *,
        target: float | None = None,
        is_stacked: bool = False,
    ) -> Chart:
        begins = [
            date_format(timezone.localtime(each.at), "j M H:i") for each in self.points
        ]
        columns = [
            [UNKNOWN if value is None else words(value) for value in line.values]
            for line in lines
        ]
        return Chart(
            *heading,
            lines=lines,
            drawing=svg.chart(plot, scale, self.annotations, self._times()),
            target=target,
            target_words=gettext("target {target}").format(target=words(target))
            if target is not None
            else "",
            is_stacked=is_stacked,
            times=tuple(point.at for point in self.points),
            table=tuple(zip(begins, *columns, strict=True)),
        )

    def _times(self) -> list[str]:
        begin = self.points[0].at
        step = (self.points[-1].at - begin) / (SHOWN_TIMES - 1)
        return [
            timezone.localtime(begin + step * index).strftime(self.time_format)
            for index in range(SHOWN_TIMES)
        ]


def requests_an_hour(points: Sequence[Point], until: datetime) -> list[Value]:
    """Return the request rates; the rate of the last step counts only its time so far."""
    rates: list[Value] = [each.figures.requests_an_hour for each in points]
    last = points[-1]
    ran_s = (until - last.at).total_seconds()
    is_known = ran_s >= SHORTEST_STEP_S
    rates[-1] = last.figures.turns / ran_s * 3600 if is_known else None
    return rates


def total_figures(points: Sequence[Point]) -> Figures:
    """Add up the figures of all points."""
    total: dict[str, Any] = {}
    for field in fields(Figures):
        values = [getattr(point.figures, field.name) for point in points]
        if values and isinstance(values[0], dict):
            total[field.name] = dict(sum(map(Counter, values), Counter()))
        else:
            total[field.name] = sum(values)
    return Figures(**total)


def annotations_between(since: datetime, until: datetime) -> list[Annotation]:
    """Return the flag changes of that time, oldest first: one query."""
    rows = FlagChange.objects.filter(flag__isnull=False, at__gte=since, at__lte=until)
    newest = rows.select_related("flag").order_by("-id")[:MOST_ANNOTATIONS]
    found: list[Annotation] = []
    for row in reversed(newest):
        if not row.before:
            # The first migration registered the flag; nothing changed.
            continue
        place = min(1.0, max(0.0, (row.at - since) / (until - since)))
        words = gettext(
            "{at} {value}: {before} → {after} by {actor} ({reason})"
        ).format(
            at=date_format(timezone.localtime(row.at), "j M H:i"),
            value=label_of(row.flag.name) if row.flag else "",
            before=state_text(row.before),
            after=state_text(row.after),
            actor=row.actor,
            reason=row.reason,
        )
        if found and place - found[-1].place < ANNOTATION_DISTANCE:
            last = found.pop()
            found.append(Annotation(last.place, last.number, f"{last.words}; {words}"))
        else:
            found.append(Annotation(place, len(found) + 1, words))
    return found


def _lines(values: Mapping[str, Sequence[Value]]) -> tuple[Series, ...]:
    return tuple(
        Series(label, style, tuple(found))
        for (label, found), style in zip(values.items(), "abcd", strict=False)
    )


def _s(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _whole(value: Value) -> str:
    return f"{value or 0:.0f}"

"""The figures over time, with what people changed meanwhile marked in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.html import format_html_join

from rollout.core import clock
from rollout.core.display_formatting import NOTHING, count, share, usd
from rollout.dashboard import svg
from rollout.dashboard.incidents import label_of
from rollout.dashboard.svg import Line, Mark
from rollout.evidence.figures import Figures, series
from rollout.flags.selectors import state_text
from rollout.guardrails import expectations
from rollout.models import FlagChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from django.utils.safestring import SafeString

    from rollout.evidence.figures import Point

    type Value = float | None

    type Words = Callable[[Value], str]


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What is shown, in steps of how long, and how its times read.
RANGES = {
    "24h": ("24 hours", DAY, HOUR, "H:i"),
    "7d": ("7 days", 7 * DAY, 3 * HOUR, "D j"),
    "30d": ("30 days", 30 * DAY, 12 * HOUR, "j M"),
}
TIMES = 5
# A step that has run for less says nothing about an hour.
LEAST_S = 300
# The guide's target of the 95th percentile.
SLOW_S = 3.0


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its curves or columns, and the same as a table."""

    name: str
    title: str
    total: str
    lines: tuple[Line, ...]
    drawing: SafeString
    target: float | None = None
    target_words: str = ""
    is_stacked: bool = False
    times: tuple[datetime, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    rows: SafeString = svg.NOTHING


@dataclass(frozen=True, slots=True)
class Charts:
    """All charts of one range."""

    range: str
    ranges: tuple[tuple[str, str], ...]
    charts: tuple[Chart, ...]
    marks: tuple[Mark, ...]
    errors: tuple[tuple[str, int], ...]
    conversations: int


def charts(wanted: str) -> Charts:
    """Draw the range: three queries, however long it is."""
    name = wanted if wanted in RANGES else "24h"
    _, length, step, shape = RANGES[name]
    until = clock.now()
    points = series(until - length, until, step)
    marks = marks_between(points[0].at, points[-1].at + step)
    whole = merged(points)
    begins = [f"{timezone.localtime(each.at):%d %b %H:%M}" for each in points]
    canvas = Canvas(points, marks, shape, begins, until)
    return Charts(
        range=name,
        ranges=tuple((key, words[0]) for key, words in RANGES.items()),
        charts=tuple(_charts(canvas, points, whole)),
        marks=tuple(marks),
        errors=tuple(whole.top_errors),
        conversations=whole.conversations,
    )


def _charts(canvas: Canvas, points: Sequence[Point], whole: Figures) -> list[Chart]:
    every = [point.figures for point in points]
    return [*_work(canvas, every, whole), *_worth(canvas, every, whole)]


def _work(canvas: Canvas, every: list[Figures], whole: Figures) -> list[Chart]:
    return [
        canvas.curves(
            ("requests", "Requests an hour"),
            count(whole.turns, "request"),
            {"Requests an hour": canvas.requests()},
            words=lambda value: f"{value or 0:.0f}",
        ),
        canvas.columns(
            ("calls", "Tool calls"),
            f"{share(whole.success)} succeed",
            {
                "Succeeded": [float(each.calls - each.failed) for each in every],
                "Failed": [float(each.failed) for each in every],
            },
        ),
        canvas.curves(
            ("latency", "Latency"),
            f"p95 {_seconds(_s(whole.latency_p95_ms))}",
            {
                "p50": [_s(each.latency_p50_ms) for each in every],
                "p95": [_s(each.latency_p95_ms) for each in every],
            },
            target=SLOW_S,
            words=_seconds,
        ),
    ]


def _worth(canvas: Canvas, every: list[Figures], whole: Figures) -> list[Chart]:
    return [
        canvas.curves(
            ("cost", "Cost of a conversation"),
            f"{usd(whole.cost)} in all, {usd(whole.cost_per_conversation)} each",
            {"Cost": [_f(each.cost_per_conversation) for each in every]},
            target=expectations.policy().expected["chat"].cost,
            words=usd,
        ),
        canvas.columns(
            ("satisfaction", "Satisfaction"),
            f"{share(whole.satisfaction)} satisfied",
            {
                "Satisfied": [float(each.satisfied) for each in every],
                "Not satisfied": [float(each.dissatisfied) for each in every],
            },
        ),
    ]


@dataclass(frozen=True, slots=True)
class Canvas:
    """The times of one range and what happened in it: the same for every chart."""

    points: Sequence[Point]
    marks: Sequence[Mark]
    shape: str
    begins: Sequence[str]
    until: datetime

    def requests(self) -> list[Value]:
        """Return requests an hour; the step that still runs by what ran of it."""
        found: list[Value] = [each.figures.requests_an_hour for each in self.points]
        last = self.points[-1]
        ran = (self.until - last.at).total_seconds()
        found[-1] = last.figures.turns / ran * 3600 if ran >= LEAST_S else None
        return found

    def curves(
        self,
        name: tuple[str, str],
        total: str,
        values: dict[str, list[Value]],
        *,
        words: Words,
        target: float | None = None,
    ) -> Chart:
        """Draw curves; where there are no figures there is a gap."""
        lines = _lines(values)
        known = [v for line in lines for v in line.values if v is not None]
        top = svg.round_up(max([*known, target or 0.0]))
        drawing = svg.curves(
            lines,
            top=top,
            target=target,
            marks=self.marks,
            scale=[(0.0, words(0.0)), (top / 2, words(top / 2)), (top, words(top))],
            times=self._times(),
        )
        told = f"target {words(target)}" if target is not None else ""
        chart = Chart(*name, total, lines, drawing, target, told)
        return self._with_table(chart, words)

    def columns(
        self, name: tuple[str, str], total: str, values: dict[str, list[float]]
    ) -> Chart:
        """Draw columns of numbers, on top of each other."""
        lines = _lines(values)
        sums = [sum(found) for found in zip(*values.values(), strict=True)]
        top = svg.round_up(max([*sums, 4.0]))
        drawing = svg.stacks(
            lines,
            top=top,
            marks=self.marks,
            # Half a call is none.
            scale=[
                (value, f"{value:g}")
                for value in (0.0, top / 2, top)
                if value.is_integer()
            ],
            times=self._times(),
        )
        chart = Chart(*name, total, lines, drawing, is_stacked=True)
        return self._with_table(chart, _whole)

    def _with_table(self, chart: Chart, words: Words) -> Chart:
        columns = [
            [NOTHING if value is None else words(value) for value in line.values]
            for line in chart.lines
        ]
        table = tuple(zip(self.begins, *columns, strict=True))
        return replace(
            chart,
            times=tuple(point.at for point in self.points),
            table=table,
            # Some hundred cells: written here ten times as fast as by a template.
            rows=format_html_join(
                "",
                '<tr><th scope="row">{}</th>' + "<td>{}</td>" * len(columns) + "</tr>",
                table,
            ),
        )

    def _times(self) -> list[str]:
        begin = self.points[0].at
        length = (self.points[-1].at - begin) / (TIMES - 1)
        formats = {"H:i": "%H:%M", "D j": "%a %d", "j M": "%d %b"}
        return [
            timezone.localtime(begin + length * index).strftime(formats[self.shape])
            for index in range(TIMES)
        ]


def _lines(values: Mapping[str, Sequence[Value]]) -> tuple[Line, ...]:
    return tuple(
        Line(label, style, tuple(found))
        for (label, found), style in zip(values.items(), "abcd", strict=False)
    )


def merged(points: Sequence[Point]) -> Figures:
    """Return the figures of all points together."""
    sums: dict[str, Any] = {}
    for field in fields(Figures):
        every = [getattr(point.figures, field.name) for point in points]
        if every and isinstance(every[0], dict):
            counted: Counter[str] = Counter()
            for each in every:
                counted.update(each)
            sums[field.name] = dict(counted)
        else:
            sums[field.name] = sum(every)
    return Figures(**sums)


def _s(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _f(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _seconds(value: Value) -> str:
    return NOTHING if value is None else f"{value:.1f} s"


def _whole(value: Value) -> str:
    return f"{value or 0:.0f}"


MOST = 20
# Closer than this share of the width, two are one.
APART = 0.012


def marks_between(since: datetime, until: datetime) -> list[Mark]:
    """Return what was changed in that time, oldest first: one query."""
    rows = FlagChange.objects.filter(flag__isnull=False, at__gte=since, at__lte=until)
    found: list[Mark] = []
    for row in reversed(rows.select_related("flag").order_by("-id")[:MOST]):
        if not row.before:
            # Registered with the first migration: nobody changed anything.
            continue
        place = min(1.0, max(0.0, (row.at - since) / (until - since)))
        flag = label_of(row.flag.name) if row.flag else ""
        words = (
            f"{timezone.localtime(row.at):%d %b %H:%M} {flag}:"
            f" {state_text(row.before)} → {state_text(row.after)}"
            f" by {row.actor} ({row.reason})"
        )
        if found and place - found[-1].place < APART:
            last = found.pop()
            found.append(Mark(last.place, last.number, f"{last.words}; {words}"))
        else:
            found.append(Mark(place, len(found) + 1, words))
    return found

"""Charts drawn by the server: SVG that stretches with its place. Pure.

The curve lies in a picture of its own that is stretched; words and marks stand in
percent of the outer one, so that they keep their size on a telephone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE, HIGH = 1_000, 100
# Of the outer picture: above the curve the marks, below it the times.
ROUND = (1, 2, 2.5, 5, 10)
NOTHING = SafeString()


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; None is a time without figures and leaves a gap."""

    label: str
    style: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, at a share (0 to 1) of the time shown."""

    place: float
    number: int
    words: str


def sparkline(values: Sequence[float | None], *, label: str) -> SafeString:
    """Draw a small curve without scales: between its own least and most."""
    known = [value for value in values if value is not None]
    least, most = min(known, default=0.0), max(known, default=0.0)
    # What hardly moves is drawn as hardly moving.
    room = max(most - least, abs(most) * 0.1) or 1.0
    raised = [None if v is None else v - least + room * 0.1 for v in values]
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}"><path d="{}"/></svg>',
        WIDE,
        HIGH,
        label,
        path(raised, room * 1.2),
    )


def curves(
    lines: Sequence[Line],
    *,
    top: float,
    target: float | None,
    marks: Sequence[Mark],
    scale: Sequence[tuple[float, str]],
    times: Sequence[str],
) -> SafeString:
    """Draw curves with their scale, a target and what happened meanwhile."""
    return format_html(
        '<svg class="graph" aria-hidden="true" focusable="false">{}'
        '<svg class="plot" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' y="16" width="100%" height="120">{}{}</svg>{}{}</svg>',
        _grid(scale, top),
        WIDE,
        HIGH,
        _target(target, top),
        format_html_join(
            "",
            '<path class="{}" d="{}"/>',
            ((line.style, path(line.values, top)) for line in lines),
        ),
        _marks(marks),
        _times(times),
    )


def stacks(
    lines: Sequence[Line],
    *,
    top: float,
    marks: Sequence[Mark],
    scale: Sequence[tuple[float, str]],
    times: Sequence[str],
) -> SafeString:
    """Draw columns, the lines of one time on top of each other."""
    return format_html(
        '<svg class="graph" aria-hidden="true" focusable="false">{}'
        '<svg class="plot" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' y="16" width="100%" height="120">{}</svg>{}{}</svg>',
        _grid(scale, top),
        WIDE,
        HIGH,
        _columns(lines, top),
        _marks(marks),
        _times(times),
    )


def path(values: Sequence[float | None], top: float) -> str:
    """Return the way of a pen over the values; a lone one becomes a short stroke."""
    step = WIDE / max(1, len(values) - 1)
    words: list[str] = []
    is_down = False
    for index, value in enumerate(values):
        if value is None:
            is_down = False
            continue
        x, y = index * step, HIGH - HIGH * min(1.0, max(0.0, value / top))
        words.append(f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}")
        follows = index + 1 < len(values) and values[index + 1] is not None
        if not is_down and not follows:
            words.append(f"h{min(6.0, WIDE - x) or -6:.1f}")
        is_down = True
    return "".join(words)


def round_up(value: float) -> float:
    """Return a round number that is not below the value, for the top of a scale."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 < value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * factor for factor in ROUND if power * factor >= value)


def _grid(scale: Sequence[tuple[float, str]], top: float) -> SafeString:
    return format_html_join(
        "",
        '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>'
        '<text class="scale" x="2" y="{1}">{2}</text>',
        (
            (f"{136 - 120 * value / top:.1f}", f"{132 - 120 * value / top:.1f}", words)
            for value, words in scale
            # What rounds to the same is told once, at its lowest.
            if words not in {lower for height, lower in scale if height < value}
        ),
    )


def _columns(lines: Sequence[Line], top: float) -> SafeString:
    count = max((len(line.values) for line in lines), default=0)
    wide = WIDE / max(1, count)
    found: list[tuple[str, str, str, str, str]] = []
    for index in range(count):
        base = float(HIGH)
        for line in lines:
            high = HIGH * (line.values[index] or 0.0) / top
            if high > 0:
                base -= high
                place = f"{index * wide + wide * 0.1:.1f}"
                found.append(
                    (
                        line.style,
                        place,
                        f"{base:.2f}",
                        f"{wide * 0.8:.1f}",
                        f"{high:.2f}",
                    )
                )
    return format_html_join(
        "", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', found
    )


def _target(target: float | None, top: float) -> SafeString:
    if target is None or target > top:
        return NOTHING
    return format_html(
        '<path class="target" d="M0 {0}H{1}"/>',
        f"{HIGH - HIGH * target / top:.1f}",
        WIDE,
    )


def _marks(marks: Sequence[Mark]) -> SafeString:
    return format_html_join(
        "",
        '<g class="mark"><line x1="{0}%" x2="{0}%" y1="12" y2="136"/>'
        '<text x="{0}%" y="10" text-anchor="{1}">{2}<title>{3}</title></text></g>',
        (
            (
                f"{100 * mark.place:.2f}",
                "end" if mark.place > 0.97 else "middle",
                mark.number,
                mark.words,
            )
            for mark in marks
        ),
    )


def _times(times: Sequence[str]) -> SafeString:
    last = max(1, len(times) - 1)
    anchors = {0: "start", last: "end"}
    return format_html_join(
        "",
        '<text class="time" x="{}%" y="152" text-anchor="{}">{}</text>',
        (
            (f"{100 * index / last:.1f}", anchors.get(index, "middle"), words)
            for index, words in enumerate(times)
        ),
    )

"""Charts drawn by the server as SVG, without scripts. Pure.

The curves lie in an inner picture that stretches with the page. Texts and annotations
are placed in percent of the outer picture, so they keep their size on a telephone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 1_000, 100
# The plot's place in the outer picture: annotations above it, times below it.
PLOT_TOP, PLOT_HEIGHT = 16, 120
ROUND_FACTORS = (1, 2, 2.5, 5, 10)
NOTHING = SafeString()


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one curve; None is a step without figures."""

    label: str
    style: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A numbered event at a share (0 to 1) of the time shown."""

    place: float
    number: int
    words: str


def sparkline(values: Sequence[float | None], *, label: str) -> SafeString:
    """Draw a small curve without a scale, between its lowest and highest value."""
    known = [value for value in values if value is not None]
    lowest, highest = min(known, default=0.0), max(known, default=0.0)
    # Small changes of a large value must look small.
    height = max(highest - lowest, abs(highest) * 0.1) or 1.0
    raised = [None if v is None else v - lowest + height * 0.1 for v in values]
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}"><path d="{}"/></svg>',
        WIDTH,
        HEIGHT,
        label,
        path(raised, height * 1.2),
    )


def chart(
    plot: SafeString,
    scale: Sequence[tuple[float, str]],
    annotations: Sequence[Annotation],
    times: Sequence[str],
) -> SafeString:
    """Draw a plot with its scale, annotations and times.

    The scale has values and their texts, rising up to the top of the plot.
    """
    return format_html(
        '<svg class="graph" aria-hidden="true" focusable="false">{}'
        '<svg class="plot" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' y="{}" width="100%" height="{}">{}</svg>{}{}</svg>',
        _grid(scale),
        WIDTH,
        HEIGHT,
        PLOT_TOP,
        PLOT_HEIGHT,
        plot,
        _annotations(annotations),
        _times(times),
    )


def curves(
    lines: Sequence[Series], *, top: float, target: float | None = None
) -> SafeString:
    """Draw the plot of curves, with a line at the target."""
    target_line = NOTHING
    if target is not None and target <= top:
        y = f"{HEIGHT - HEIGHT * target / top:.1f}"
        target_line = format_html('<path class="target" d="M0 {0}H{1}"/>', y, WIDTH)
    return target_line + format_html_join(
        "",
        '<path class="{}" d="{}"/>',
        ((line.style, path(line.values, top)) for line in lines),
    )


def columns(lines: Sequence[Series], *, top: float) -> SafeString:
    """Draw the plot of columns, the values of one step on top of each other."""
    steps = max((len(line.values) for line in lines), default=0)
    width = WIDTH / max(1, steps)
    found: list[tuple[str, str, str, str, str]] = []
    for index in range(steps):
        x, y = f"{index * width + width * 0.1:.1f}", float(HEIGHT)
        for line in lines:
            height = HEIGHT * (line.values[index] or 0.0) / top
            if height > 0:
                y -= height
                size = (f"{width * 0.8:.1f}", f"{height:.2f}")
                found.append((line.style, x, f"{y:.2f}", *size))
    return format_html_join(
        "", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', found
    )


def path(values: Sequence[float | None], top: float) -> str:
    """Return the path through the values; a single value becomes a short stroke."""
    step = WIDTH / max(1, len(values) - 1)
    words: list[str] = []
    is_drawing = False
    for index, value in enumerate(values):
        if value is None:
            is_drawing = False
            continue
        x, y = index * step, HEIGHT - HEIGHT * min(1.0, max(0.0, value / top))
        words.append(f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}")
        follows = index + 1 < len(values) and values[index + 1] is not None
        if not is_drawing and not follows:
            words.append(f"h{min(6.0, WIDTH - x) or -6:.1f}")
        is_drawing = True
    return "".join(words)


def round_up(value: float) -> float:
    """Return a round number not below the value, for the top of a scale."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 < value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * each for each in ROUND_FACTORS if power * each >= value)


def _grid(scale: Sequence[tuple[float, str]]) -> SafeString:
    top = scale[-1][0] if scale else 1.0
    bottom = PLOT_TOP + PLOT_HEIGHT
    lines: dict[str, float] = {}
    for value, words in scale:
        # Values that round to the same text are shown once, at the lowest.
        lines.setdefault(words, bottom - PLOT_HEIGHT * value / top)
    return format_html_join(
        "",
        '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>'
        '<text class="scale" x="2" y="{1}">{2}</text>',
        ((f"{y:.1f}", f"{y - 4:.1f}", words) for words, y in lines.items()),
    )


def _annotations(annotations: Sequence[Annotation]) -> SafeString:
    return format_html_join(
        "",
        '<g class="mark"><line x1="{0}%" x2="{0}%" y1="12" y2="136"/>'
        '<text x="{0}%" y="10" text-anchor="{1}">{2}<title>{3}</title></text></g>',
        (
            (
                f"{100 * each.place:.2f}",
                "end" if each.place > 0.97 else "middle",
                each.number,
                each.words,
            )
            for each in annotations
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

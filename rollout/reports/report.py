"""A report as data, and as Markdown. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollout.core.formatting import markdown_line

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Section:
    """One part: a table, whose first row is its head, or lines, or both."""

    title: str
    lines: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    # What stands there when there is nothing to tell.
    otherwise: str = "None."

    @property
    def is_empty(self) -> bool:
        return not self.lines and len(self.table) < 2


@dataclass(frozen=True, slots=True)
class Report:
    """What was, from when to when."""

    title: str
    period: str
    sections: tuple[Section, ...] = field(default=())

    @property
    def markdown(self) -> str:
        return "\n".join(_lines(self)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {markdown_line(report.title)}"
    yield ""
    yield report.period
    yield ""
    for section in report.sections:
        yield f"## {section.title}"
        yield ""
        yield from _body(section)
        yield ""


def _body(section: Section) -> Iterator[str]:
    if section.is_empty:
        yield section.otherwise
        return
    for number, row in enumerate(section.table):
        yield f"| {' | '.join(markdown_line(cell) for cell in row)} |"
        if number == 0:
            yield f"| {' | '.join('---' for _ in row)} |"
    if section.table and section.lines:
        yield ""
    for line in section.lines:
        yield f"- {markdown_line(line)}"

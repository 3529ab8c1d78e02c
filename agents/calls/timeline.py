"""The timeline of a call in plain words, for the pages that show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from agents.models import CallEvent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Kind = CallEvent.Kind
TITLES = {
    Kind.RANG: _("The call rings"),
    Kind.DECIDED: _("Decided"),
    Kind.ACCEPTED: _("Accepted"),
    Kind.ATTACHED: _("Sideband attached"),
    Kind.GREETED: _("Greeting heard"),
    Kind.HEARD: _("The caller said"),
    Kind.SAID: _("The agent said"),
    Kind.INTERRUPTED: _("The agent was interrupted"),
    Kind.TOOL: _("Tool"),
    Kind.KEY: _("A key was pressed"),
    Kind.PIN: "PIN",
    Kind.CONFIRMATION: _("Answered"),
    Kind.LANGUAGE: _("Language"),
    Kind.SILENCE: _("Silence"),
    Kind.CORRECTED: _("The agent corrected itself: no row showed what it said"),
    Kind.ORDER: _("Order to the call"),
    Kind.TRANSFER: _("Transfer"),
    Kind.CALLBACK: _("A person should call back"),
    Kind.ERROR: _("Error"),
    Kind.LOST: _("Connection or worker lost"),
    Kind.ENDED: _("Ended"),
}
# The parts of an entry's details that a reader needs, in this order.
SHOWN = (
    *("tool", "code", "param", "result", "language", "by", "reason", "cause"),
    *("count", "problems"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; presses that follow each other are one."""

    kind: str
    at: datetime
    title: str
    detail: str
    text: str
    is_partial: bool
    times: int = 1


def entries(rows: Iterable[CallEvent]) -> list[Entry]:
    """Return the lines of these events, in their order."""
    found: list[Entry] = []
    for row in rows:
        last = found[-1] if found else None
        if last is not None and last.kind == row.kind == Kind.KEY:
            found[-1] = _again(last)
        else:
            found.append(_entry(row))
    return found


def _entry(row: CallEvent) -> Entry:
    kind = Kind(row.kind)
    return Entry(
        kind, row.at, str(TITLES[kind]), detail_of(row), row.text, row.is_partial
    )


def _again(last: Entry) -> Entry:
    times = last.times + 1
    detail = ngettext("{times} time", "{times} times", times).format(times=times)
    return replace(last, times=times, detail=detail)


def detail_of(row: CallEvent) -> str:
    """Return the codes of an event in plain words."""
    given = row.detail
    words = [_in_words(given[name]) for name in SHOWN if given.get(name)]
    if given.get("ms") is not None:
        words.append(gettext("after {ms} ms").format(ms=given["ms"]))
    if row.kind == Kind.DECIDED:
        accepts = gettext("the agent takes the call")
        words.insert(0, accepts if given.get("accepts") else gettext("not taken"))
    return " · ".join(words)


def _in_words(value: object) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(str(part).replace("_", " ") for part in parts)

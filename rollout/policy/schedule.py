"""When a checklist line is due, counted from the start of its stage. Pure.

A recurring line has one period each hour, day, week, and so on. A period that was
missed stays missed; the current one can always be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

DAY = timedelta(days=1)
PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": DAY,
    "weekly": 7 * DAY,
    "monthly": 30 * DAY,
    "quarterly": 91 * DAY,
}


class DueState(StrEnum):
    NOT_YET = "not yet"
    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"
    # Its last day has passed.
    PAST = "past"


@dataclass(frozen=True, slots=True)
class DueRule:
    """A cadence, with the days of the stage from and to which it is due (None: no end).

    `times`: after this many ticks the line is done.
    """

    cadence: str
    from_day: int = 0
    to_day: int | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class DueStatus:
    """The state of a line.

    `due_for`: the period that a tick now counts for; None: it cannot be ticked.
    `due_by`: the end of that period. `left_out_since`: the first period missed since
    the last tick. `missed`: the number of missed periods.
    """

    state: DueState
    due_for: datetime | None = None
    due_by: datetime | None = None
    left_out_since: datetime | None = None
    missed: int = 0


def due_status(
    rule: DueRule, *, began: datetime, now: datetime, done: Collection[datetime]
) -> DueStatus:
    """Return the state of a line; `done`: the periods that its ticks were for."""
    start = began + rule.from_day * DAY
    end = None if rule.to_day is None else began + rule.to_day * DAY
    if now < start:
        return DueStatus(
            DueState.NOT_YET, due_by=end if rule.cadence == "once" else None
        )
    if rule.cadence == "once":
        return _once(start, end, now=now, done=done)
    return _recurring(rule, start, end, now=now, done=done)


def _once(
    start: datetime, end: datetime | None, *, now: datetime, done: Collection[datetime]
) -> DueStatus:
    if start in done:
        return DueStatus(DueState.DONE, due_by=end)
    if end is not None and now >= end:
        return DueStatus(
            DueState.OVERDUE, due_for=start, due_by=end, left_out_since=start, missed=1
        )
    return DueStatus(DueState.DUE, due_for=start, due_by=end)


def _recurring(
    rule: DueRule,
    start: datetime,
    end: datetime | None,
    *,
    now: datetime,
    done: Collection[datetime],
) -> DueStatus:
    period = PERIODS[rule.cadence]
    ticked = {at for at in done if at >= start}
    until = now if end is None else min(now, end)
    elapsed = max(0, (until - start) // period)
    missed = max(
        0, elapsed - len([at for at in ticked if at < start + elapsed * period])
    )
    if rule.times is not None and len(ticked) >= rule.times:
        return DueStatus(
            DueState.DONE, due_for=_open_period(start, end, period, now, ticked)
        )
    if end is not None and now >= end:
        return DueStatus(DueState.PAST, missed=missed)
    current = start + (now - start) // period * period
    due_by = current + period if end is None else min(current + period, end)
    if current in ticked:
        return DueStatus(DueState.DONE, due_by=due_by, missed=missed)
    first_open = max((at + period for at in ticked), default=start)
    if first_open < current:
        return DueStatus(DueState.OVERDUE, current, due_by, first_open, missed)
    return DueStatus(DueState.DUE, current, due_by, missed=missed)


def _open_period(
    start: datetime,
    end: datetime | None,
    period: timedelta,
    now: datetime,
    ticked: Collection[datetime],
) -> datetime | None:
    """Return the current period, when it can still be ticked."""
    current = start + (now - start) // period * period
    is_over = end is not None and now >= end
    return None if is_over or current in ticked else current

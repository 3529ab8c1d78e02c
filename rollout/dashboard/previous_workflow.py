"""The previous workflow: a rollback helps people only while it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rollout.core import clock
from rollout.core.display_formatting import count, span
from rollout.core.ports import ports

if TYPE_CHECKING:
    from datetime import datetime

LATE_S = 600
RECENT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Previous:
    """How sending on goes; ``is_set_up`` False: nobody takes over after a rollback."""

    is_set_up: bool
    tone: str
    sentence: str
    waiting: int = 0
    oldest: str = ""
    last_error: str = ""
    last_error_at: datetime | None = None
    last_ok_at: datetime | None = None


NOWHERE = Previous(
    is_set_up=False,
    tone="none",
    sentence=(
        "None is configured (LEGACY_WEBHOOK_URL): while a feature is off, nobody answers."
    ),
)


def previous() -> Previous:
    """Ask whoever forwards; an unfilled port is told apart from a well one."""
    found = ports.previous_workflow() if ports.previous_workflow else None
    if found is None:
        return NOWHERE
    age = found.oldest_age_s or 0.0
    erred = found.last_error_at
    is_failing = erred is not None and (
        found.last_ok_at is None or erred > found.last_ok_at
    )
    is_late = bool(found.waiting) and age > LATE_S
    return Previous(
        is_set_up=True,
        tone=_tone(is_failing, is_late, found.last_ok_at),
        sentence=_sentence(found.waiting, age, is_failing, found.last_ok_at),
        waiting=found.waiting,
        oldest=span(timedelta(seconds=age)) if found.waiting else "",
        last_error=found.last_error,
        last_error_at=erred,
        last_ok_at=found.last_ok_at,
    )


def _tone(is_failing: bool, is_late: bool, ok_at: datetime | None) -> str:
    if is_failing or is_late:
        return "bad"
    # It has never answered: nobody knows whether it would.
    return "good" if ok_at is not None else "none"


def _sentence(
    waiting: int, age: float, is_failing: bool, ok_at: datetime | None
) -> str:
    queue = "nothing waits for it"
    if waiting:
        oldest = span(timedelta(seconds=age))
        queue = f"{count(waiting, 'message')} wait for it, the oldest for {oldest}"
    if is_failing:
        return f"It does not answer; {queue}."
    if ok_at is None:
        return f"It has never been asked; {queue}."
    ago = span(clock.now() - ok_at)
    return f"It last answered {ago} ago; {queue}."

"""The lines of the pre-deployment checklist, each registered by the app it is about.

A line looks at one thing, says `ok`, `warning`, `failed` or `skipped`, and what to
mend. What a setting alone can tell comes from Django's check framework, whose messages
a line takes over (`Asked.said`); and every line is a deployment check of that
framework in turn: `manage.py check --deploy --tag preflight`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core import checks
from django.db import Error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.core.checks import CheckMessage

TAG = "preflight"


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Section(StrEnum):
    """Where a line stands in the guide; what the guide does not name stands last."""

    ENVIRONMENT = "Environment preparation"
    CODE = "Code validation"
    SITE = "Safety of the site"
    RUNNING = "What must be running"
    REST = "Everything else"


@dataclass(frozen=True, slots=True)
class Found:
    """What a line found. Never a secret, a number or a name in it."""

    status: Status
    detail: str
    # What to do about it, and the setting that it is done with.
    remedy: str = ""
    setting: str = ""


@dataclass(frozen=True)
class Asked:
    """Under which circumstances the lines are asked."""

    live: bool = False
    # People outside are served: what was a warning before is now a failure.
    serves_people: bool = False
    # Nothing may be on yet.
    is_initial: bool = True
    # The features that are on for anyone.
    features_on: frozenset[str] = frozenset()
    is_demonstration: bool = False
    # What Django's check framework says, by id.
    messages: Callable[[], Mapping[str, Sequence[CheckMessage]]] = dict
    taken: set[str] = field(default_factory=set)

    def said(self, *ids: str) -> CheckMessage | None:
        """Return the first message with one of these ids; they are then this line's."""
        self.taken.update(ids)
        said = self.messages()
        return next((m for one in ids for m in said.get(one, ())), None)

    def lacking(self, detail: str, remedy: str, setting: str = "") -> Found:
        """Say what people who are served need; until then it is a warning."""
        status = Status.FAILED if self.serves_people else Status.WARNING
        return Found(status, detail, remedy, setting)


def ok(detail: str) -> Found:
    return Found(Status.OK, detail)


def warning(detail: str, remedy: str, setting: str = "") -> Found:
    return Found(Status.WARNING, detail, remedy, setting)


def failed(detail: str, remedy: str, setting: str = "") -> Found:
    return Found(Status.FAILED, detail, remedy, setting)


def skipped(detail: str, remedy: str = "", setting: str = "") -> Found:
    return Found(Status.SKIPPED, detail, remedy, setting)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the checklist."""

    name: str
    title: str
    section: Section
    look: Callable[[Asked], Found]
    # Its place in the section, where the guide has an order.
    place: int = 50
    # It reads rows: skipped while the database does not answer.
    reads_rows: bool = False
    # It is about a site that others reach: skipped in a demonstration.
    is_for_sites: bool = False


_lines: dict[str, Line] = {}


def line(
    name: str,
    title: str,
    section: Section,
    *,
    place: int = 50,
    reads_rows: bool = False,
    is_for_sites: bool = False,
) -> Callable[[Callable[[Asked], Found]], Callable[[Asked], Found]]:
    """Register a line, here and with Django's check framework."""

    def register(look: Callable[[Asked], Found]) -> Callable[[Asked], Found]:
        made = Line(name, title, section, look, place, reads_rows, is_for_sites)
        _lines[name] = made
        checks.register(_as_check(made), TAG, deploy=True)
        return look

    return register


def lines() -> list[Line]:
    """Return all lines, in the order of the guide."""
    order = list(Section)
    return sorted(
        _lines.values(), key=lambda one: (order.index(one.section), one.place)
    )


def messages(databases: Sequence[str]) -> dict[str, list[CheckMessage]]:
    """Return what the framework itself says, by id; our own lines left out."""
    found: dict[str, list[CheckMessage]] = {}
    for check in checks.registry.registry.get_checks(include_deployment_checks=True):
        if TAG in check.tags or (checks.Tags.database in check.tags and not databases):
            continue
        for message in check(app_configs=None, databases=databases):
            if not message.is_silenced():
                found.setdefault(str(message.id), []).append(message)
    return found


def _as_check(made: Line) -> Callable[..., list[CheckMessage]]:
    """Return the line as the framework runs it: without rows unless it was given any."""

    def check(
        databases: Sequence[str] | None = None, **_: Any
    ) -> list[checks.CheckMessage]:
        if made.reads_rows and not databases:
            return []
        try:
            found = made.look(Asked(messages=partial(messages, ())))
        except Error as error:
            found = failed(
                f"The database refused: {type(error).__name__}.",
                "Is it reachable, and migrated (manage.py migrate)?",
            )
        kind = {Status.FAILED: checks.Error, Status.WARNING: checks.Warning}.get(
            found.status
        )
        if kind is None:
            return []
        text = f"{made.title}: {found.detail}"
        return [kind(text, hint=found.remedy, id=f"preflight.{made.name}")]

    return check

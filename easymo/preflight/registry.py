"""The lines of the pre-flight checklist; each app registers its own.

A line checks one thing and returns `ok`, `warning`, `failed` or `skipped`, with a
remedy. Checks of a setting alone come from Django's check framework; a line takes over
their messages (`Circumstances.message`). Every line is also a deployment check of that
framework:
`manage.py check --deploy --tag preflight`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
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
    """The section of the guide; lines that the guide does not name come last."""

    ENVIRONMENT = "Environment preparation"
    CODE = "Code validation"
    SITE = "Safety of the site"
    RUNNING = "What must be running"
    REST = "Everything else"


@dataclass(frozen=True, slots=True)
class LineResult:
    """The result of a line. It never contains a secret, a number or a name."""

    status: Status
    detail: str
    # The remedy, and the setting that it changes.
    remedy: str = ""
    setting: str = ""


@dataclass(frozen=True)
class Circumstances:
    """The circumstances of a pre-flight run."""

    live: bool = False
    # Real users are served: some warnings become failures.
    serves_people: bool = False
    # No feature may be on yet.
    is_initial: bool = True
    # The features that are on for anyone.
    features_on: frozenset[str] = frozenset()
    is_demonstration: bool = False
    # The messages of Django's check framework, by id.
    messages: Callable[[], Mapping[str, Sequence[CheckMessage]]] = dict
    taken: set[str] = field(default_factory=set)

    def message(self, *ids: str) -> CheckMessage | None:
        """Return the first message with one of these ids; it then belongs to this line."""
        self.taken.update(ids)
        found = self.messages()
        return next((m for one in ids for m in found.get(one, ())), None)

    def lacking(self, detail: str, remedy: str, setting: str = "") -> LineResult:
        """Return a failure when real users are served, otherwise a warning."""
        status = Status.FAILED if self.serves_people else Status.WARNING
        return LineResult(status, detail, remedy, setting)


def ok(detail: str) -> LineResult:
    return LineResult(Status.OK, detail)


def warning(detail: str, remedy: str, setting: str = "") -> LineResult:
    return LineResult(Status.WARNING, detail, remedy, setting)


def failed(detail: str, remedy: str, setting: str = "") -> LineResult:
    return LineResult(Status.FAILED, detail, remedy, setting)


def skipped(detail: str, remedy: str = "", setting: str = "") -> LineResult:
    return LineResult(Status.SKIPPED, detail, remedy, setting)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the checklist."""

    name: str
    title: str
    section: Section
    look: Callable[[Circumstances], LineResult]
    # Its position in the section, where the guide has an order.
    place: int = 50
    # It reads rows: skipped while the database does not answer.
    reads_rows: bool = False
    # It concerns a public site: skipped in a demonstration.
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
) -> Callable[
    [Callable[[Circumstances], LineResult]], Callable[[Circumstances], LineResult]
]:
    """Register a line of the checklist."""

    def register(
        look: Callable[[Circumstances], LineResult],
    ) -> Callable[[Circumstances], LineResult]:
        _lines[name] = Line(name, title, section, look, place, reads_rows, is_for_sites)
        return look

    return register


def lines() -> list[Line]:
    """Return all lines in the order of the guide; the first call imports them."""
    for module in settings.PREFLIGHT_MODULES:
        import_module(module)
    order = list(Section)
    return sorted(
        _lines.values(), key=lambda one: (order.index(one.section), one.place)
    )


def messages(databases: Sequence[str]) -> dict[str, list[CheckMessage]]:
    """Return the framework's own messages by id, without those of our lines."""
    found: dict[str, list[CheckMessage]] = {}
    for check in checks.registry.registry.get_checks(include_deployment_checks=True):
        if TAG in check.tags or (checks.Tags.database in check.tags and not databases):
            continue
        for message in check(app_configs=None, databases=databases):
            if not message.is_silenced():
                found.setdefault(str(message.id), []).append(message)
    return found


@checks.register(TAG, deploy=True)
def check_lines(
    databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Run all lines as a check of the framework: without databases, none reads rows."""
    return [
        message
        for made in lines()
        if databases or not made.reads_rows
        for message in _as_messages(made)
    ]


def _as_messages(made: Line) -> list[checks.CheckMessage]:
    try:
        found = made.look(Circumstances(messages=partial(messages, ())))
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

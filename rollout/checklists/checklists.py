"""The checklist of the guide: which lines are due, met, ticked or overdue."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from easymo.sentences import label, translatable
from rollout.announcements import announcements
from rollout.core import clock, jobs
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import AlreadyDone, InvalidChange, RolloutError
from rollout.models import (
    ChecklistItem,
    ChecklistReminder,
    ChecklistTick,
    CheckRun,
    StageRun,
)
from rollout.notices import notices
from rollout.policy.schedule import DueRule, DueState, DueStatus, due_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

CLOSE_WATCH = "beta-close-watch"
OPEN = {DueState.DUE, DueState.OVERDUE}
GOOD = {
    CheckRun.Kind.PREFLIGHT: {"ok", "warning", "skipped"},
    CheckRun.Kind.SMOKE: {"ok"},
}


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """One line of the checklist with its state in the current stage."""

    item: ChecklistItem
    due_status: DueStatus
    tick: ChecklistTick | None
    # The result of the check that answers this line. None: not known yet.
    answer: bool | None = None

    @property
    def is_automatic(self) -> bool:
        return bool(self.item.check_name)

    @property
    def is_open(self) -> bool:
        """Tell whether a person must tick it now."""
        return not self.is_automatic and self.due_status.state in OPEN

    @property
    def is_met(self) -> bool:
        """Tell whether this line allows the stage to be left."""
        if self.item.check_name.startswith("gate."):
            return True
        if self.is_automatic:
            return self.answer is True
        if self.item.cadence == ChecklistItem.Cadence.ONCE:
            return self.due_status.state == DueState.DONE
        return self.due_status.state != DueState.OVERDUE


def current_run() -> StageRun | None:
    return StageRun.objects.filter(exited_at__isnull=True).first()


def checklist_lines(
    run: StageRun | None = None, now: datetime | None = None
) -> list[ChecklistLine]:
    """Return every line of the current stage; a fixed number of queries."""
    run, moment = run or current_run(), now or clock.now()
    if run is None:
        return []
    ticks: dict[int, list[ChecklistTick]] = defaultdict(list)
    for tick_line in ChecklistTick.objects.filter(run=run).order_by("id"):
        ticks[tick_line.item_id].append(tick_line)
    answers = _answers()
    return [
        ChecklistLine(
            item=item,
            due_status=_due_status(item, run, moment, ticks[item.pk]),
            tick=ticks[item.pk][-1] if ticks[item.pk] else None,
            answer=answers.get(item.check_name),
        )
        for item in ChecklistItem.objects.filter(stage=run.stage)
    ]


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of some lines are met."""

    met: int
    lines: int


@dataclass(frozen=True, slots=True)
class ChecklistSection:
    """The lines of one heading of the guide, those that are due first."""

    title: str
    lines: tuple[ChecklistLine, ...]

    @property
    def progress(self) -> Progress:
        return Progress(sum(map(is_done, self.lines)), len(self.lines))


def is_done(line: ChecklistLine) -> bool:
    """Tell whether a line needs nothing now: ticked, not due, or its check passed."""
    return line.is_met and not line.is_open


def sections(lines: Iterable[ChecklistLine]) -> list[ChecklistSection]:
    """Return the lines by section, in the order of the checklist."""
    found: dict[str, list[ChecklistLine]] = defaultdict(list)
    for line in lines:
        found[line.item.section].append(line)
    return [
        ChecklistSection(title, tuple(sorted(each, key=is_done)))
        for title, each in found.items()
    ]


def progress(lines: Iterable[ChecklistLine]) -> Progress:
    """Return the progress of the required lines."""
    required = [line for line in lines if line.item.is_required]
    return Progress(sum(map(is_done, required)), len(required))


def _due_status(
    item: ChecklistItem, run: StageRun, now: datetime, ticks: list[ChecklistTick]
) -> DueStatus:
    rule = DueRule(item.cadence, item.from_day, item.to_day, item.times)
    done = {tick_line.due_for for tick_line in ticks}
    return due_status(rule, began=run.entered_at, now=now, done=done)


def _answers() -> Mapping[str, bool]:
    """Return the results of the newest checks and announcements by check name."""
    found: dict[str, bool] = {}
    newest = CheckRun.objects.filter(kind__in=GOOD).order_by("kind", "-id")
    for run in newest.distinct("kind"):
        found[run.kind] = run.passed
        # A skipped pre-flight line does not apply here; a skipped smoke case does.
        good = GOOD[CheckRun.Kind(run.kind)]
        found |= {str(one["name"]): one["status"] in good for one in run.results}
    for audience in (
        announcements.reached_announcements()
        .order_by()
        .values_list("audience", flat=True)
        .distinct()
    ):
        found[f"announcement.{audience}"] = True
    return found


def due_lines(now: datetime | None = None) -> list[ChecklistLine]:
    """Return what a person must do now, overdue lines first."""
    return due_first(checklist_lines(now=now))


def due_first(lines: Iterable[ChecklistLine]) -> list[ChecklistLine]:
    """Return the open ones of these lines, overdue lines first."""
    found = [line for line in lines if line.is_open]
    return sorted(found, key=lambda line: line.due_status.state != DueState.OVERDUE)


def unmet(lines: Iterable[ChecklistLine]) -> list[ChecklistLine]:
    """Return the required ones of these lines that are not met."""
    return [line for line in lines if line.item.is_required and not line.is_met]


def acknowledged(run: StageRun) -> tuple[datetime, ...]:
    """Return the times at which the close watch of the beta was ticked."""
    ticks = ChecklistTick.objects.filter(run=run, item__key=CLOSE_WATCH)
    return tuple(ticks.order_by("at").values_list("at", flat=True))


def tick_line(*, item: ChecklistItem, by: str, evidence: str) -> ChecklistTick:
    """Record that the line is done, with evidence. Raises AlreadyDone."""
    by, evidence = valid_actor(by), valid_reason(evidence)
    run, due_for = _due(item)
    try:
        with transaction.atomic():
            return ChecklistTick.objects.create(
                item=item,
                run=run,
                due_for=due_for,
                by=by,
                evidence=evidence,
                at=clock.now(),
            )
    except IntegrityError as error:
        raise AlreadyDone(translatable("Another user has just ticked it.")) from error


def why_not_tick(item: ChecklistItem) -> str:
    """Return why the line cannot be ticked now, or an empty text."""
    try:
        _due(item)
    except RolloutError as error:
        return str(error)
    return ""


def _due(item: ChecklistItem) -> tuple[StageRun, datetime]:
    """Return the stage run and the time that a tick counts for, or refuse."""
    run = current_run()
    if run is None or item.stage != run.stage:
        raise InvalidChange(
            translatable(
                "This line belongs to the stage {stage}.", stage=label(item.stage)
            )
        )
    if item.check_name:
        raise InvalidChange(
            translatable("A check answers this line; it cannot be ticked.")
        )
    ticks = list(ChecklistTick.objects.filter(item=item, run=run))
    state = _due_status(item, run, clock.now(), ticks)
    if state.due_for is None:
        if state.state == DueState.DONE:
            raise AlreadyDone(translatable("It is already done for this period."))
        raise InvalidChange(
            translatable(
                "It is {state}: there is nothing to tick.", state=label(state.state)
            )
        )
    return run, state.due_for


def remind(now: datetime | None = None) -> int:
    """Send a notice for each overdue line, once until it is ticked again."""
    run = current_run()
    sent = 0
    for line in checklist_lines(run, now) if run else []:
        since = line.due_status.left_out_since
        if not line.is_open or since is None:
            continue
        with transaction.atomic():
            _, is_new = ChecklistReminder.objects.get_or_create(
                item=line.item, run=run, due_for=since
            )
            if is_new:
                notices.queue_notice(
                    text=f"Overdue in stage {line.item.stage}: {line.item.text}"
                    f" ({line.item.section}, {line.item.cadence})",
                )
                sent += 1
    if sent:
        jobs.enqueue_notices()
    return sent

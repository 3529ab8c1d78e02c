"""The guide's lines: which are due, who did them, and which nobody did."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from rollout.announcements import announcements
from rollout.core import clock, jobs
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import AlreadyDone, InvalidChange
from rollout.models import (
    ChecklistItem,
    ChecklistReminder,
    ChecklistTick,
    CheckRun,
    StageRun,
)
from rollout.notices import notices
from rollout.policy.schedule import Rule, Standing, State, standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

CLOSE_WATCH = "beta-close-watch"
OPEN = {State.DUE, State.OVERDUE}
GOOD = {
    CheckRun.Kind.PREFLIGHT: {"ok", "warning", "skipped"},
    CheckRun.Kind.SMOKE: {"ok"},
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the guide in this stay, and where it stands."""

    item: ChecklistItem
    standing: Standing
    tick: ChecklistTick | None
    # Of a line that a check answers: whether it is met; None: not known yet.
    answer: bool | None = None

    @property
    def is_automatic(self) -> bool:
        return bool(self.item.check_name)

    @property
    def is_open(self) -> bool:
        """Tell whether a person has something to do now."""
        return not self.is_automatic and self.standing.state in OPEN

    @property
    def is_met(self) -> bool:
        """Tell whether the stage may be left as far as this line goes."""
        if self.item.check_name.startswith("gate."):
            return True
        if self.is_automatic:
            return self.answer is True
        if self.item.cadence == ChecklistItem.Cadence.ONCE:
            return self.standing.state == State.DONE
        return self.standing.state != State.OVERDUE


def current_run() -> StageRun | None:
    return StageRun.objects.filter(exited_at__isnull=True).first()


def lines(run: StageRun | None = None, now: datetime | None = None) -> list[Line]:
    """Return every line of the stage we are in; a fixed number of queries."""
    run, moment = run or current_run(), now or clock.now()
    if run is None:
        return []
    ticks: dict[int, list[ChecklistTick]] = defaultdict(list)
    for tick in ChecklistTick.objects.filter(run=run).order_by("id"):
        ticks[tick.item_id].append(tick)
    answers = _answers()
    return [
        Line(
            item=item,
            standing=_standing(item, run, moment, ticks[item.pk]),
            tick=ticks[item.pk][-1] if ticks[item.pk] else None,
            answer=answers.get(item.check_name),
        )
        for item in ChecklistItem.objects.filter(stage=run.stage)
    ]


def _standing(
    item: ChecklistItem, run: StageRun, now: datetime, ticks: list[ChecklistTick]
) -> Standing:
    rule = Rule(item.cadence, item.from_day, item.to_day, item.times)
    done = {tick.due_for for tick in ticks}
    return standing(rule, began=run.entered_at, now=now, done=done)


def _answers() -> Mapping[str, bool]:
    """Return what the newest checks and announcements say, by the name asked for."""
    found: dict[str, bool] = {}
    newest = CheckRun.objects.filter(kind__in=GOOD).order_by("kind", "-id")
    for run in newest.distinct("kind"):
        found[run.kind] = run.passed
        # What does not apply here is no reason to wait; a case not tried is.
        good = GOOD[CheckRun.Kind(run.kind)]
        found |= {str(one["name"]): one["status"] in good for one in run.results}
    for audience in (
        announcements.told().order_by().values_list("audience", flat=True).distinct()
    ):
        found[f"announcement.{audience}"] = True
    return found


def due(now: datetime | None = None) -> list[Line]:
    """Return what a person has to do now, overdue first."""
    found = [line for line in lines(now=now) if line.is_open]
    return sorted(found, key=lambda line: line.standing.state != State.OVERDUE)


def unmet(run: StageRun, now: datetime | None = None) -> list[Line]:
    """Return the required lines that keep the stage from being left."""
    return [
        line for line in lines(run, now) if line.item.is_required and not line.is_met
    ]


def acknowledged(run: StageRun) -> tuple[datetime, ...]:
    """Return when somebody said that she was watching closely."""
    ticks = ChecklistTick.objects.filter(run=run, item__key=CLOSE_WATCH)
    return tuple(ticks.order_by("at").values_list("at", flat=True))


def tick(*, item: ChecklistItem, by: str, evidence: str) -> ChecklistTick:
    """Write down that it was done now, and what shows it. Raises AlreadyDone."""
    by, evidence = valid_actor(by), valid_reason(evidence)
    run, now = current_run(), clock.now()
    if run is None or item.stage != run.stage:
        raise InvalidChange(f"This line belongs to the stage {item.stage}.")
    if item.check_name:
        raise InvalidChange("A check answers this line; nobody ticks it.")
    ticks = list(ChecklistTick.objects.filter(item=item, run=run))
    where = _standing(item, run, now, ticks)
    if where.due_for is None:
        if where.state == State.DONE:
            raise AlreadyDone("It is done already for now.")
        raise InvalidChange(f"It is {where.state}: there is nothing to tick.")
    try:
        with transaction.atomic():
            return ChecklistTick.objects.create(
                item=item,
                run=run,
                due_for=where.due_for,
                by=by,
                evidence=evidence,
                at=now,
            )
    except IntegrityError as error:
        raise AlreadyDone("Somebody else has just done it.") from error


def remind(now: datetime | None = None) -> int:
    """Tell people of each line left undone, once until it is done again."""
    run = current_run()
    told = 0
    for line in lines(run, now) if run else []:
        since = line.standing.left_out_since
        if not line.is_open or since is None or run is None:
            continue
        with transaction.atomic():
            _, is_new = ChecklistReminder.objects.get_or_create(
                item=line.item, run=run, due_for=since
            )
            if is_new:
                notices.queue(
                    text=f"Overdue in stage {run.stage}: {line.item.text}"
                    f" ({line.item.section}, {line.item.cadence})",
                )
                told += 1
    if told:
        jobs.enqueue_notices()
    return told

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from easymo.preflight import registry
from rollout.checklists import checklists
from rollout.core import clock
from rollout.core.errors import AlreadyDone, InvalidChange
from rollout.core.ports import ports
from rollout.models import (
    Announcement,
    ChecklistItem,
    ChecklistTick,
    CheckRun,
    Notice,
    StageRun,
)
from rollout.policy.schedule import DueState
from tests.canaries import ALINE
from tests.rollout import guardrail_cases
from tests.rollout.guardrail_cases import FakeClock
from tests.rollout.incidents.test_incidents import at_once

if TYPE_CHECKING:
    from collections.abc import Callable

# After the plan began, whenever the tests run.
BEGAN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


def enter(stage: str) -> StageRun:
    with clock.use(Clock()):
        return guardrail_cases.enter(stage)


class Clock(FakeClock):
    def __init__(self) -> None:
        super().__init__(BEGAN)


def line(key: str) -> checklists.ChecklistLine:
    return next(line for line in checklists.checklist_lines() if line.item.key == key)


def do(key: str, evidence: str = "looked") -> ChecklistTick:
    item = ChecklistItem.objects.get(key=key)
    return checklists.tick_line(item=item, by="odette", evidence=evidence)


def checked(kind: str, passed: bool, *results: dict[str, Any]) -> None:
    CheckRun.objects.create(
        kind=kind, passed=passed, results=list(results), release="r", actor="odette"
    )


@pytest.mark.django_db
def test_seed__names_of_checks__the_pre_flight_has_each_of_them() -> None:
    known = {line.name for line in registry.lines()}
    known |= {case.name for case in ports.smoke_cases()}
    asked = set(ChecklistItem.objects.values_list("check_name", flat=True)) - {""}

    strange = {
        name
        for name in asked - known
        if name != "smoke" and not name.startswith(("announcement.", "gate."))
    }
    assert strange == set()
    assert ChecklistItem.objects.count() > 50


@pytest.mark.django_db
def test_tick__hourly__done_for_this_hour_and_due_in_the_next() -> None:
    enter("beta")
    now = Clock()
    with clock.use(now):
        now.advance(minutes=30)
        tick = do("beta-close-watch", f"success 97 %, told {ALINE.msisdn}")
        again = line("beta-close-watch").due_status.state
        with pytest.raises(AlreadyDone):
            do("beta-close-watch")
        now.advance(hours=1)
        later = line("beta-close-watch").due_status.state

    assert (tick.due_for, tick.by) == (BEGAN, "odette")
    assert ALINE.msisdn not in tick.evidence
    assert (again, later) == (DueState.DONE, DueState.DUE)


@pytest.mark.django_db
def test_acknowledged__watched_twice__both_moments() -> None:
    run = enter("beta")
    now = Clock()
    with clock.use(now):
        do("beta-close-watch")
        now.advance(hours=1)
        do("beta-close-watch")

    assert checklists.acknowledged(run) == (BEGAN, BEGAN + timedelta(hours=1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("week-1-logs", "belongs to the stage production"),
        ("tell-everyone", "A check answers this line"),
    ],
)
def test_tick__not_for_a_person_here__refused(key: str, why: str) -> None:
    enter("beta")

    with clock.use(Clock()), pytest.raises(InvalidChange, match=why):
        do(key)

    assert ChecklistTick.objects.exists() is False


@pytest.mark.django_db
def test_tick__too_early__refused() -> None:
    enter("production")

    with clock.use(Clock()), pytest.raises(InvalidChange, match="not yet"):
        do("month-2-cost")


@pytest.mark.django_db
def test_ticks__changed_or_deleted__the_database_refuses() -> None:
    enter("beta")
    with clock.use(Clock()):
        do("beta-report")

    for change in (
        lambda: ChecklistTick.objects.update(by="me"),
        lambda: ChecklistTick.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.django_db
def test_unmet__automatic_lines__answered_by_the_newest_check() -> None:
    run = enter("infrastructure")
    checked("preflight", True, {"name": "openai.key", "status": "ok"})
    checked(
        "preflight",
        False,
        {"name": "openai.key", "status": "failed"},
        {"name": "voice.sip", "status": "skipped"},
    )

    with clock.use(Clock()):
        left = {
            line.item.key for line in checklists.unmet(checklists.checklist_lines(run))
        }

    assert {"env-openai", "env-flags-off", "phase-1-health"} <= left
    assert "env-sip" not in left
    # Not required: Slack may not be there at all.
    assert "tell-slack" not in left


@pytest.mark.django_db
def test_unmet__all_done__nothing_keeps_us_in_smoke() -> None:
    run = enter("smoke")
    assert len(checklists.unmet(checklists.checklist_lines(run))) == 10
    checked("preflight", True, {"name": "logs.masked", "status": "ok"})
    checked(
        "smoke",
        True,
        *({"name": one.name, "status": "ok"} for one in ports.smoke_cases()),
    )
    Announcement.objects.create(
        audience="beta",
        medium="other",
        subject="x",
        text="y",
        status="sent",
        drafted_by="odette",
        approved_by="pascal",
        approved_at=timezone.now(),
        sent_by="pascal",
        sent_at=timezone.now(),
    )
    with clock.use(Clock()):
        do("phase-2-no-errors")

        left = checklists.unmet(checklists.checklist_lines(run))

    assert left == []


@pytest.mark.django_db
def test_unmet__smoke_failed_since__unmet_again() -> None:
    run = enter("smoke")
    checked("smoke", True, {"name": "whatsapp.hello", "status": "ok"})
    before = {
        line.item.key for line in checklists.unmet(checklists.checklist_lines(run))
    }
    checked("smoke", False, {"name": "whatsapp.hello", "status": "skipped"})

    left = {line.item.key for line in checklists.unmet(checklists.checklist_lines(run))}
    assert left - before == {"smoke-hello", "phase-2-all-pass", "phase-2-correlation"}


@pytest.mark.django_db
def test_due__first_week_of_production__overdue_first_then_due() -> None:
    enter("production")
    now = Clock()
    with clock.use(now):
        now.advance(hours=3)
        found = [
            (entry.item.key, entry.due_status.state) for entry in checklists.due_lines()
        ]

    assert found[0] == ("week-1-metrics", DueState.OVERDUE)
    assert ("week-1-logs", DueState.DUE) in found
    assert "week-2-logs" not in dict(found)


@pytest.mark.django_db
def test_lines__more_ticks__same_number_of_queries(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    run = enter("production")
    with clock.use(Clock()):
        do("week-1-metrics")
        do("week-1-logs")
    checked("smoke", True)

    with django_assert_num_queries(4):
        checklists.checklist_lines(run)


@pytest.mark.django_db
def test_remind__left_out_for_hours__told_once_until_done_again() -> None:
    enter("beta")
    now = Clock()
    with clock.use(now):
        assert checklists.remind() == 0
        now.advance(hours=1, minutes=1)
        first = checklists.remind()
        now.advance(hours=5)
        second = checklists.remind()
        do("beta-close-watch")
        now.advance(hours=2, minutes=1)
        third = checklists.remind()

    assert (first, second, third) == (1, 0, 1)
    assert "Monitor closely" in Notice.objects.first().text


@pytest.mark.usefixtures("committed_db")
def test_tick__two_at_once__one_row() -> None:
    guardrail_cases.enter("beta")
    item = ChecklistItem.objects.get(key="tell-documentation")
    refused: list[Exception] = []

    at_once(
        [
            lambda name=name: checklists.tick_line(item=item, by=name, evidence="done")
            for name in ("odette", "pascal")
        ],
        refused,
    )

    assert ChecklistTick.objects.count() == 1
    assert [type(error) for error in refused] == [AlreadyDone]


@pytest.mark.usefixtures("committed_db")
def test_remind__two_workers_at_once__told_once() -> None:
    enter("beta")
    refused: list[Exception] = []
    now = BEGAN + timedelta(hours=3)

    at_once([lambda: checklists.remind(now) for _ in range(2)], refused)

    assert refused == []
    assert Notice.objects.count() == 1

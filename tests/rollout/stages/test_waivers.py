from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from rollout.core import clock, jobs
from rollout.core.errors import InvalidChange, SecondPersonNeeded, WrongState
from rollout.models import Notice, Override, Waiver
from rollout.plan import plan as plans
from rollout.policy.gates import GateVerdict
from rollout.stages import stages, waivers
from tests.rollout.plan_cases import Fake, began, go

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def time() -> Iterator[Fake]:
    fake = Fake()
    began(fake.at)
    with clock.use(fake):
        go("smoke")
        yield fake


def ask(gate: str = "dwell") -> Waiver:
    return waivers.ask_for_waiver(gate=gate, reason="a small town", actor="odette")


def dwell() -> GateVerdict:
    return next(gate.verdict for gate in stages.gates_now() if gate.name == "dwell")


def test_waiver__approved_by_another__lets_the_gate_pass_until_it_expires(
    time: Fake,
) -> None:
    # Given
    waiver = ask()
    assert dwell() == GateVerdict.PENDING

    # When
    waivers.approve_waiver(waiver=waiver, actor="grace")

    # Then
    assert dwell() == GateVerdict.WAIVED
    assert Notice.objects.filter(text__contains="waiver of the gate dwell").count() == 2
    time.advance(days=7)
    Waiver.objects.get(expires_at=time.at)
    go("beta")
    assert dwell() == GateVerdict.PENDING


def test_waiver__asked_for__delivery_of_its_notice_is_enqueued() -> None:
    ask()

    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert cursor.fetchall() == [(jobs.DELIVER,)]


def test_waiver__asked_for__waits_in_this_stage_run_until_approved_or_expired(
    time: Fake,
) -> None:
    # Given
    left = ask()
    go("beta")
    approved, open_one = ask(), ask()

    # When
    waivers.approve_waiver(waiver=approved, actor="grace")

    # Then
    assert left.run != open_one.run
    assert list(waivers.waiting_waivers(plans.current())) == [open_one]
    time.advance(days=7)
    assert list(waivers.waiting_waivers(plans.current())) == []


@pytest.mark.parametrize("name", ["odette", "Odette", " odette "])
def test_waiver__approved_by_herself__refused(name: str) -> None:
    with pytest.raises(SecondPersonNeeded):
        waivers.approve_waiver(waiver=ask(), actor=name)
    assert Waiver.objects.get().approved_by == ""
    assert dwell() == GateVerdict.PENDING


def test_waiver__approved_twice_expired_or_stage_left__refused(time: Fake) -> None:
    done, old, left = ask(), ask(), ask()
    waivers.approve_waiver(waiver=done, actor="grace")
    with pytest.raises(WrongState):
        waivers.approve_waiver(waiver=done, actor="pascal")
    time.advance(days=7)
    with pytest.raises(WrongState):
        waivers.approve_waiver(waiver=old, actor="grace")
    time.advance(days=-7)
    go("beta")
    with pytest.raises(WrongState):
        waivers.approve_waiver(waiver=left, actor="grace")


@pytest.mark.parametrize(
    "gate", ["preflight", "smoke", "pii", "incidents", "state", "volume", "resume", "x"]
)
def test_waiver__what_is_never_waived_or_not_asked_here__refused(gate: str) -> None:
    with pytest.raises((InvalidChange, WrongState)):
        ask(gate)
    assert Waiver.objects.exists() is False


@pytest.mark.parametrize("days", [0, 8, -1])
def test_waiver__longer_than_a_week__refused(days: int) -> None:
    with pytest.raises(InvalidChange):
        waivers.ask_for_waiver(gate="dwell", reason="why", actor="odette", days=days)


def test_override__in_force__until_it_expires_or_is_ended(time: Fake) -> None:
    # Given
    first = waivers.begin_override(reason="a known fault", actor="odette", hours=24)
    with pytest.raises(WrongState):
        waivers.begin_override(reason="again", actor="odette", hours=1)

    # When
    waivers.end_override(override=first, actor="grace")

    # Then
    assert waivers.active_overrides().exists() is False
    with pytest.raises(WrongState):
        waivers.end_override(override=first, actor="grace")
    waivers.begin_override(reason="again", actor="odette", hours=1)
    assert waivers.active_overrides().exists() is True
    time.advance(hours=1)
    assert waivers.active_overrides().exists() is False


@pytest.mark.parametrize("hours", [0, 25])
def test_override__longer_than_a_day__refused(hours: int) -> None:
    with pytest.raises(InvalidChange):
        waivers.begin_override(reason="why", actor="odette", hours=hours)
    assert Override.objects.exists() is False

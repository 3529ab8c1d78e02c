from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from rollout import clock, wakes
from rollout.errors import InvalidChange, SecondPersonNeeded, WrongState
from rollout.models import Notice, Override, Waiver
from rollout.policy.gates import Answer
from rollout.services import overrides, stages, waivers
from rollout.services import plan as plans
from tests.rollout.plan import Fake, began, go

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
    return waivers.ask(gate=gate, reason="a small town", actor="odette")


def dwell() -> Answer:
    return next(gate.verdict for gate in stages.gates_now() if gate.name == "dwell")


def test_waiver__approved_by_another__lets_the_gate_pass_until_it_expires(
    time: Fake,
) -> None:
    # Given
    waiver = ask()
    assert dwell() == Answer.PENDING

    # When
    waivers.approve(waiver=waiver, actor="grace")

    # Then
    assert dwell() == Answer.WAIVED
    assert Notice.objects.filter(text__contains="waiver of the gate dwell").count() == 2
    time.advance(days=7)
    Waiver.objects.get(expires_at=time.at)
    go("beta")
    assert dwell() == Answer.PENDING


def test_waiver__asked_for__people_on_call_are_woken() -> None:
    ask()

    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert cursor.fetchall() == [(wakes.DELIVER,)]


def test_waiver__asked_for__waits_in_this_stay_until_approved_or_expired(
    time: Fake,
) -> None:
    # Given
    left = ask()
    go("beta")
    approved, open_one = ask(), ask()

    # When
    waivers.approve(waiver=approved, actor="grace")

    # Then
    assert left.run != open_one.run
    assert list(waivers.waiting(plans.current())) == [open_one]
    time.advance(days=7)
    assert list(waivers.waiting(plans.current())) == []


@pytest.mark.parametrize("name", ["odette", "Odette", " odette "])
def test_waiver__approved_by_herself__refused(name: str) -> None:
    with pytest.raises(SecondPersonNeeded):
        waivers.approve(waiver=ask(), actor=name)
    assert Waiver.objects.get().approved_by == ""
    assert dwell() == Answer.PENDING


def test_waiver__approved_twice_expired_or_stage_left__refused(time: Fake) -> None:
    done, old, left = ask(), ask(), ask()
    waivers.approve(waiver=done, actor="grace")
    with pytest.raises(WrongState):
        waivers.approve(waiver=done, actor="pascal")
    time.advance(days=7)
    with pytest.raises(WrongState):
        waivers.approve(waiver=old, actor="grace")
    time.advance(days=-7)
    go("beta")
    with pytest.raises(WrongState):
        waivers.approve(waiver=left, actor="grace")


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
        waivers.ask(gate="dwell", reason="why", actor="odette", days=days)


def test_override__in_force__until_it_expires_or_is_ended(time: Fake) -> None:
    # Given
    first = overrides.begin(reason="a known fault", actor="odette", hours=24)
    with pytest.raises(WrongState):
        overrides.begin(reason="again", actor="odette", hours=1)

    # When
    overrides.end(override=first, actor="grace")

    # Then
    assert overrides.active().exists() is False
    with pytest.raises(WrongState):
        overrides.end(override=first, actor="grace")
    overrides.begin(reason="again", actor="odette", hours=1)
    assert overrides.active().exists() is True
    time.advance(hours=1)
    assert overrides.active().exists() is False


@pytest.mark.parametrize("hours", [0, 25])
def test_override__longer_than_a_day__refused(hours: int) -> None:
    with pytest.raises(InvalidChange):
        overrides.begin(reason="why", actor="odette", hours=hours)
    assert Override.objects.exists() is False

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.policy.schedule import PERIODS, DueRule, DueState, DueStatus, due_status

BEGAN = datetime(2027, 1, 4, 8, 17, tzinfo=UTC)
HOURLY = DueRule("hourly", to_day=7)
DAILY_LATER = DueRule("daily", from_day=7, to_day=28)


def after(**time: float) -> datetime:
    return BEGAN + timedelta(**time)


def at(rule: DueRule, *done: datetime, **time: float) -> DueStatus:
    return due_status(rule, began=BEGAN, now=after(**time), done=done)


def test_standing__first_hour__due_until_its_end() -> None:
    assert at(HOURLY, minutes=59) == DueStatus(
        DueState.DUE, due_for=BEGAN, due_by=after(hours=1)
    )


def test_standing__this_hour_done__done() -> None:
    assert at(HOURLY, BEGAN, minutes=59).state == DueState.DONE


def test_standing__next_hour__due_again() -> None:
    assert at(HOURLY, BEGAN, hours=1) == DueStatus(
        DueState.DUE, due_for=after(hours=1), due_by=after(hours=2)
    )


def test_standing__hours_left_out__overdue_since_the_first_of_them() -> None:
    found = at(HOURLY, BEGAN, hours=5)

    assert (found.state, found.left_out_since) == (DueState.OVERDUE, after(hours=1))
    assert (found.due_for, found.missed) == (after(hours=5), 4)


def test_standing__done_after_a_gap__no_longer_overdue_but_counted() -> None:
    found = at(HOURLY, BEGAN, after(hours=5), hours=6)

    assert (found.state, found.missed) == (DueState.DUE, 4)


def test_standing__its_days_over__past_and_nothing_to_tick() -> None:
    found = at(HOURLY, BEGAN, days=7)

    assert (found.state, found.due_for, found.missed) == (DueState.PAST, None, 167)


@pytest.mark.parametrize(
    ("time", "state"),
    [
        ({"days": 7, "seconds": -1}, DueState.NOT_YET),
        ({"days": 7}, DueState.DUE),
        ({"days": 8}, DueState.OVERDUE),
        ({"days": 28}, DueState.PAST),
    ],
)
def test_standing__later_days__begins_and_ends_to_the_second(
    time: dict[str, float], state: DueState
) -> None:
    assert at(DAILY_LATER, **time).state == state


@pytest.mark.parametrize(
    ("rule", "time", "state"),
    [
        (DueRule("once"), {"days": 400}, DueState.DUE),
        (DueRule("once", to_day=7), {"days": 7, "seconds": -1}, DueState.DUE),
        (DueRule("once", to_day=7), {"days": 7}, DueState.OVERDUE),
        (DueRule("once", from_day=7, to_day=28), {"days": 6}, DueState.NOT_YET),
    ],
)
def test_standing__once__due_until_done(
    rule: DueRule, time: dict[str, float], state: DueState
) -> None:
    assert at(rule, **time).state == state


def test_standing__once_and_done__done_for_good() -> None:
    rule = DueRule("once", from_day=7, to_day=28)

    assert at(rule, after(days=7), days=400).state == DueState.DONE


def test_standing__so_many_times__done_for_good_and_may_go_on() -> None:
    rule = DueRule("hourly", times=2)

    found = at(rule, BEGAN, after(hours=3), hours=9)

    assert (found.state, found.due_for) == (DueState.DONE, after(hours=9))


@pytest.mark.parametrize("cadence", PERIODS)
@given(minutes=st.integers(0, 60 * 24 * 400), back=st.integers(0, 40))
def test_standing__any_moment__a_tick_now_makes_it_done(
    cadence: str, minutes: int, back: int
) -> None:
    # Given
    rule = DueRule(cadence)
    now = after(minutes=minutes)
    done = {BEGAN + n * PERIODS[cadence] for n in range(back)}
    before = due_status(rule, began=BEGAN, now=now, done=done)

    # When
    ticked = done | ({before.due_for} if before.due_for else set())

    # Then
    assert due_status(rule, began=BEGAN, now=now, done=ticked).state == DueState.DONE


def test_standing__clock_gone_back__not_yet() -> None:
    assert at(HOURLY, hours=-1).state == DueState.NOT_YET

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from rollout.core.features import Feature
from rollout.flags import cohorts
from rollout.guardrails import actions
from rollout.models import EvaluatorLease, Incident, Notice, Plan
from rollout.policy.effective_flag import FlagReason
from rollout.snapshot import cache, reading, refreshers, watchdog
from rollout.snapshot.cache import SnapshotCache
from rollout.snapshot.watchdog import BLIND_S, FAIL_SAFE_S, PAGE_S, Watchdog
from tests.live import until
from tests.rollout.conftest import ALINE, BOSCO, Switch
from tests.rollout.guardrail_cases import enter, tick

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

MOMENT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def watched(
    *, seconds: float, ticking: bool, is_exposed: bool = True, step: float = 1.0
) -> Watchdog:
    """Let a process look once a second for this time."""
    dog = Watchdog()
    at = 0.0
    while at <= seconds:
        ticked_at = MOMENT + timedelta(seconds=at if ticking else 0)
        dog.observe(ticked_at, is_exposed=is_exposed, now=at)
        at += step
    return dog


def test_watchdog__evaluator_looks__is_watched() -> None:
    dog = watched(seconds=2_000, ticking=True)

    assert dog.is_unwatched is False
    assert dog.must_page() is False


def test_watchdog__three_minutes_of_silence__pages_once() -> None:
    dog = watched(seconds=PAGE_S + 1, ticking=False)

    assert (dog.must_page(), dog.must_page()) == (True, False)
    assert dog.is_unwatched is False


def test_watchdog__quarter_of_an_hour__fails_safe_until_somebody_looks() -> None:
    # Given
    dog = watched(seconds=FAIL_SAFE_S + 1, ticking=False)
    before = dog.is_unwatched

    # When
    dog.observe(MOMENT + timedelta(hours=1), is_exposed=True, now=dog.looked + 1)

    # Then
    assert (before, dog.is_unwatched) == (True, False)
    assert dog.must_page() is False


def test_watchdog__silent_for_exactly_the_limit__does_not_act() -> None:
    for seconds, pages in ((PAGE_S, False), (FAIL_SAFE_S, True)):
        dog = watched(seconds=seconds, ticking=False)

        assert dog.silent_s == seconds
        assert dog.must_page() is pages
        assert dog.is_unwatched is False
    # One second more than three minutes, and than a quarter of an hour.
    assert watched(seconds=181, ticking=False).must_page() is True
    assert watched(seconds=901, ticking=False).is_unwatched is True


def test_watchdog__silent_again_after_an_evaluation__pages_again() -> None:
    # Given
    dog = watched(seconds=PAGE_S + 1, ticking=False)
    assert dog.must_page() is True
    dog.observe(MOMENT + timedelta(hours=1), is_exposed=True, now=dog.looked + 1)
    assert dog.must_page() is False

    # When
    for _ in range(int(PAGE_S) + 1):
        dog.observe(MOMENT + timedelta(hours=1), is_exposed=True, now=dog.looked + 1)

    # Then
    assert dog.must_page() is True


@pytest.mark.parametrize(("away_s", "silent_s"), [(BLIND_S, 40.0), (BLIND_S + 1, 0.0)])
def test_watchdog__database_unavailable__measures_on_unless_it_was_for_long(
    away_s: float, silent_s: float
) -> None:
    dog = watched(seconds=10, ticking=False)

    dog.observe(dog.ticked_at, is_exposed=True, now=dog.looked + away_s)

    assert dog.silent_s == silent_s


def test_watchdog__no_reading_yet__no_silence() -> None:
    assert Watchdog().silent_s == 0.0
    assert Watchdog().must_page() is False


@pytest.mark.parametrize("is_exposed", [False])
def test_watchdog__nobody_but_staff_is_served__says_nothing(is_exposed: bool) -> None:
    # A demonstration, or a stage in which only our own people are served.
    dog = watched(seconds=10_000, ticking=False, is_exposed=is_exposed)

    assert dog.is_unwatched is False
    assert dog.must_page() is False


def test_watchdog__database_away_for_an_hour__is_no_silence() -> None:
    # Given
    dog = watched(seconds=10, ticking=True)

    # When
    dog.observe(dog.ticked_at, is_exposed=True, now=dog.looked + 3_600)

    # Then
    assert dog.silent_s == 0


def test_watchdog__clock_of_the_evaluator_set_back__is_a_look_like_any_other() -> None:
    # Given
    dog = watched(seconds=FAIL_SAFE_S + 1, ticking=False)

    # When
    dog.observe(MOMENT - timedelta(days=1), is_exposed=True, now=dog.looked + 1)

    # Then
    assert dog.is_unwatched is False


@pytest.fixture
def silent_cache(monkeypatch: pytest.MonkeyPatch) -> SnapshotCache:
    """A process that has not heard of the evaluator for twenty minutes."""
    own = SnapshotCache()
    monkeypatch.setattr(refreshers, "snapshot_cache", own)
    monkeypatch.setattr(cache, "snapshot_cache", own)
    return own


@pytest.mark.usefixtures("committed_db")
def test_refresh__evaluator_silent_in_production__cohorts_only_until_it_looks(
    switch: Switch, silent_cache: SnapshotCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    enter("production")
    cohorts.make_cohort(name="beta")
    cohorts.add_member("beta", ALINE, by="odette")
    switch(CHAT=True)
    switch(VOICE=True, percent=100)
    switch(VOUCHERS=True, percent=100, cohorts=["beta"])
    tick()
    paged: list[float] = []
    monkeypatch.setattr(watchdog, "on_silence", [paged.append])
    monkeypatch.setattr(watchdog, "BLIND_S", float("inf"))
    process = refreshers.Refreshers()

    with reading.own_connection() as own:
        process.refresh(own)
        assert silent_cache.snapshot.decide(Feature.CHAT, BOSCO).on is True

        # When
        silent_cache.watchdog.moved -= 1_200
        process.refresh(own)

        # Then
        found = silent_cache.snapshot
        assert found.decide(Feature.CHAT, BOSCO).reason is FlagReason.UNWATCHED
        assert found.decide(Feature.VOICE, BOSCO).on is False
        assert found.decide(Feature.VOUCHERS, ALINE).reason is FlagReason.COHORT
        assert found.decide(Feature.VOUCHERS, BOSCO).on is False
        process.refresh(own)
        until(lambda: paged)
        assert len(paged) == 1
        assert paged[0] > PAGE_S

        # When
        tick()
        process.refresh(own)

        # Then
        assert silent_cache.snapshot.decide(Feature.CHAT, BOSCO).on is True


@pytest.mark.django_db
def test_read_pulse__stage__tells_whether_customers_may_be_served() -> None:
    for stage, is_exposed in [
        ("infrastructure", False),
        ("smoke", False),
        ("beta", True),
        ("production", True),
    ]:
        enter(stage)

        assert reading.read_epoch(connection).is_exposed is is_exposed


@pytest.mark.parametrize("stage", ["infrastructure", "smoke"])
@pytest.mark.parametrize(
    ("audience", "is_exposed"),
    [
        ({}, True),
        ({"percent": 1}, True),
        ({"cohorts": ["smoke", "beta"]}, True),
        ({"cohorts": ["smoke"]}, False),
    ],
)
@pytest.mark.django_db
def test_read_pulse__on_before_beta__is_exposed_outside_of_smoke(
    switch: Switch, stage: str, audience: dict[str, object], is_exposed: bool
) -> None:
    # Given
    enter(stage)
    cohorts.make_cohort(name="beta")
    cohorts.make_cohort(name="smoke")

    # When
    switch(CHAT=True, **audience)

    # Then
    assert reading.read_epoch(connection).is_exposed is is_exposed


@pytest.mark.django_db
def test_read_pulse__on_but_forced_off__serves_nobody(
    switch: Switch, settings: SettingsWrapper
) -> None:
    switch(CHAT=True)
    settings.FEATURES_FORCED_OFF = frozenset({str(Feature.CHAT)})

    assert reading.read_epoch(connection).is_exposed is False


@pytest.mark.usefixtures("committed_db")
def test_refresh__evaluator_silent_with_all_on_in_infrastructure__pages_and_narrows(
    switch: Switch, silent_cache: SnapshotCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    switch(CHAT=True)
    tick()
    paged: list[float] = []
    monkeypatch.setattr(refreshers.Refreshers, "page", lambda _, s: paged.append(s))
    monkeypatch.setattr(watchdog, "BLIND_S", float("inf"))
    process = refreshers.Refreshers()

    with reading.own_connection() as own:
        process.refresh(own)

        # When
        silent_cache.watchdog.moved -= PAGE_S + 1
        process.refresh(own)

        # Then
        assert len(paged) == 1
        assert silent_cache.snapshot.decide(Feature.CHAT, BOSCO).on is True

        # When
        silent_cache.watchdog.moved -= FAIL_SAFE_S
        process.refresh(own)

        # Then
        found = silent_cache.snapshot.decide(Feature.CHAT, BOSCO)
        assert found.reason is FlagReason.UNWATCHED


@pytest.mark.django_db
def test_tick__each_look__moves_the_moment() -> None:
    tick()
    first = EvaluatorLease.objects.get().ticked_at
    assert first is not None
    assert replace(reading.read_epoch(connection), version=0).ticked_at == first


@pytest.mark.django_db
def test_report__by_several_processes__one_incident_and_one_notice() -> None:
    # Given
    enter("production")

    # When
    with transaction.atomic():
        found = [actions.report_silent_evaluator(silent_s=200 + n) for n in range(3)]

    # Then
    assert found == [True, False, False]
    assert Incident.objects.get().severity == "high"
    notice = Notice.objects.get(incident__isnull=False)
    assert "has not looked for 3 minutes" in notice.text
    assert Plan.objects.get().state == "held"

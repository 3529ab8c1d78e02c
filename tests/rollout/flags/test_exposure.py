"""After a kill has returned, no voucher commits: under writers, and a control."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import contextmanager
from operator import ge
from typing import TYPE_CHECKING

import pytest
from django.db import connection, connections, transaction

from rollout.core.features import Feature
from rollout.flags import cohorts, fence, flags
from rollout.models import AgentFlag
from rollout.stages.rollback import turn_all_off
from tests.live import until
from tests.rollout.conftest import ALINE, BOSCO, Switch
from tests.rollout.flags.test_owner_fence import remove_lock
from vouchers.actors import Actor
from vouchers.errors import FeatureDisabled
from vouchers.models import Profile, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings


WRITERS = 8
KILLS = 12
# A write that began before a kill has ended when its writer was refused twice.
REFUSALS = 2


def unfenced(*, subject: str | None) -> bool:
    """Read the switch without the lock: what the fence is for."""
    return AgentFlag.objects.filter(name=Feature.VOUCHERS, everyone=True).exists()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a kill wait longer for its locks, because the machine may be busy."""
    monkeypatch.setattr("rollout.locks.WAIT", "90s")


@contextmanager
def writers() -> Iterator[list[int]]:
    """Issue vouchers as fast as eight people can; yield how often each was refused."""
    refused = [0] * WRITERS
    stopping, run = threading.Event(), uuid.uuid4().hex
    staff = Profile.objects.create(name="Diane", role="staff")
    customers = [Profile.objects.create(name=f"C{n}") for n in range(WRITERS)]

    def write(number: int) -> None:
        turn = 0
        while not stopping.is_set():
            turn += 1
            try:
                issue_voucher(
                    customer=customers[number],
                    amount=Money(1, "RWF"),
                    actor=Actor.of_profile(staff, channel="whatsapp"),
                    key=f"race:{run}:{number}:{turn}",
                )
            except FeatureDisabled:
                refused[number] += 1
                time.sleep(0.002)
        connections.close_all()

    threads = [threading.Thread(target=write, args=[n]) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield refused
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def kills(number: int) -> Iterator[int]:
    """Kill this number of times; tell each time how many vouchers came after it."""
    with writers() as refused:
        for _ in range(number):
            before = Voucher.objects.count()
            flags.set_features(
                {Feature.VOUCHERS: True},
                actor="odette",
                reason="on",
                source="cli",
                override=True,
            )
            until(lambda least=before + 3: Voucher.objects.count() >= least)
            assert turn_all_off(
                reason="kill", actor="odette", source="cli"
            ).fence_proven
            settled = Voucher.objects.count()
            least = [times + REFUSALS for times in refused]
            until(lambda least=least: all(map(ge, refused, least)))
            yield Voucher.objects.count() - settled


@pytest.mark.slow
@pytest.mark.usefixtures("committed_db", "patience")
def test_kill__eight_writers__nothing_commits_afterwards() -> None:
    # When
    late = list(kills(KILLS))

    # Then
    assert Voucher.objects.count() >= KILLS
    assert late == [0] * KILLS


@pytest.mark.slow
@pytest.mark.usefixtures("committed_db", "patience")
def test_kill__without_the_fence__something_does(settings: Settings) -> None:
    # Given
    settings.VOUCHER_GUARD = "tests.rollout.flags.test_exposure.unfenced"
    remove_lock()

    # When: until it happens; on a slow machine most kills meet no writer
    killing = kills(100 * KILLS)
    late = any(killing)
    killing.close()

    # Then
    assert late


@pytest.mark.django_db
def test_guard__limited__asks_for_the_subject(switch: Switch) -> None:
    # Given
    cohorts.make_cohort(name="beta")
    cohorts.add_member("beta", ALINE, "odette")
    switch(VOUCHERS=True, cohorts=["beta"])

    # When
    answers = [fence.guard(subject=subject) for subject in (ALINE, BOSCO, None)]

    # Then
    assert answers == [True, False, True]


@pytest.mark.django_db
def test_guard__forced_off__refuses(switch: Switch, settings: Settings) -> None:
    # Given
    switch(VOUCHERS=True)
    settings.FEATURES_FORCED_OFF = frozenset({"FEATURE_AGENT_VOUCHERS"})

    # Then
    assert fence.guard(subject=None) is False


@pytest.mark.usefixtures("committed_db")
def test_guard__outside_a_transaction__raises(switch: Switch) -> None:
    # Given
    switch(VOUCHERS=True)

    # When
    with pytest.raises(transaction.TransactionManagementError):
        fence.guard(subject=None)


@pytest.mark.usefixtures("committed_db")
def test_kill__voucher_transaction_hangs__off_anyway_and_not_proven(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    switch(VOUCHERS=True)
    monkeypatch.setattr("rollout.locks.WAIT", "200ms")
    entered, leave = threading.Event(), threading.Event()

    def hang() -> None:
        with transaction.atomic():
            fence.guard(subject=None)
            entered.set()
            leave.wait(250)
        connection.close()

    thread = threading.Thread(target=hang)
    thread.start()
    assert entered.wait(60)

    # When
    done = turn_all_off(reason="now", actor="odette", source="cli")
    leave.set()
    thread.join()

    # Then
    assert done.fence_proven is False
    assert AgentFlag.objects.exclude(everyone=False).exists() is False
    assert "Fence not proven" in done.incident.timeline.get().text

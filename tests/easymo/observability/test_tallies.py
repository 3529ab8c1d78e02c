"""The sums of the metrics equal those of all rows that there ever were."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from agents.models import Conversation, Turn
from agents.operations import metrics as agent_metrics
from easymo.observability import metrics, tallies
from easymo.observability.metrics import SumsIncomplete
from easymo.observability.models import TallyMark, TallySum
from tests.vouchers.racing import race
from vouchers.models import Profile

pytestmark = pytest.mark.usefixtures("committed_db")

TALLY = agent_metrics.TURNS
OLD = 3_600


@pytest.fixture
def chat(committed_db: str) -> Conversation:
    profile = Profile.objects.create(msisdn="+250788000011", name="Aline")
    return Conversation.objects.create(profile=profile, phone_number_id="1")


def turn(chat: Conversation, *, ago: int = 0, **fields: Any) -> Turn:
    at = timezone.now() - timedelta(seconds=ago)
    given = {"status": Turn.Status.DONE, "outcome": "reply", "finished_at": at}
    row = Turn.objects.create(
        conversation=chat,
        lease_token=uuid.uuid4(),
        lease_expires_at=at,
        correlation_id=uuid.uuid4(),
        input_ended_at=at - timedelta(seconds=2),
        **(given | fields),
    )
    Turn.objects.filter(pk=row.pk).update(started_at=at)
    return row


def turns() -> float:
    return sum(numbers[0] for numbers in TALLY.read().values())


def scraped() -> float:
    lines = metrics.render().decode().splitlines()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith("agent_turns_total{")
    )


def test_read__rows_are_deleted_by_retention__counts_them_on(
    chat: Conversation,
) -> None:
    for _ in range(5):
        turn(chat, ago=OLD)
    turn(chat)
    assert scraped() == 6

    # When: the settled ones go, and others come
    Turn.objects.filter(finished_at__lt=timezone.now() - timedelta(minutes=5)).delete()
    turn(chat)

    # Then: also in a new process, which has nothing but the database
    assert scraped() == turns() == 7


def test_read__ended_between_two_scrapes__never_decreases(chat: Conversation) -> None:
    running = turn(chat, ago=OLD, status="running", outcome="", finished_at=None)
    seen = [scraped()]
    turn(chat, ago=OLD)
    seen.append(scraped())
    # An older id that ends later is not passed over.
    Turn.objects.filter(pk=running.pk).update(status="done", finished_at=timezone.now())
    seen.append(scraped())
    Turn.objects.filter(pk=running.pk).update(
        finished_at=timezone.now() - timedelta(minutes=5)
    )
    seen += [scraped(), scraped()]

    assert seen == [0, 1, 2, 2, 2]


def test_fold__never_ended__does_not_hold_up_the_others(chat: Conversation) -> None:
    turn(chat, ago=2 * 86_400, status="running", outcome="", finished_at=None)
    for _ in range(3):
        turn(chat, ago=OLD)

    tallies.fold_all()

    assert TallyMark.objects.get(name="turns").upto == Turn.objects.latest("pk").pk
    assert turns() == 3


def test_fold__more_than_one_chunk__sums_each_row_once(
    chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(25):
        turn(chat, ago=OLD, input_tokens=7)
    monkeypatch.setattr(tallies, "CHUNK", 4)

    tallies.fold_all()

    (row,) = TallySum.objects.filter(name="turns")
    assert row.numbers[0] == 25
    assert row.numbers[list(agent_metrics.NUMBERS).index("input")] == 175
    assert row.numbers[list(agent_metrics.NUMBERS).index("seconds")] == 50


def test_fold__many_at_once_beside_scrapes__sums_each_row_once(
    chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(60):
        turn(chat, ago=OLD)
    monkeypatch.setattr(tallies, "CHUNK", 5)

    def scrape_often() -> list[float]:
        return [found for found in (tried() for _ in range(5)) if found]

    results = race(*[tallies.fold_all] * 4, *[scrape_often] * 4)

    assert all(set(found) <= {60.0} for found in results[4:]), results
    assert turns() == 60


def tried() -> float:
    try:
        return turns()
    except SumsIncomplete:
        return 0


def test_fold__another_process_is_at_it__does_not_wait(chat: Conversation) -> None:
    turn(chat, ago=OLD)
    TALLY.fold()
    turn(chat, ago=OLD)

    with transaction.atomic():
        TallyMark.objects.select_for_update().get(name="turns")
        # A scrape beside it reads what is not summed from the rows.
        assert race(turns) == [2]


def test_fold__without_the_lock__control_sums_twice(
    chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn(chat, ago=OLD)
    TALLY.fold()
    for _ in range(3):
        turn(chat, ago=OLD)
    unlocked = tallies._LOCK.replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setattr(tallies, "_LOCK", unlocked)
    ends = type(TALLY)._ends
    gate = threading.Barrier(2)

    def wait(tally: Any) -> str:
        gate.wait(30)
        return ends(tally)

    monkeypatch.setattr(type(TALLY), "_ends", wait)
    race(partial(TALLY._fold_chunk), partial(TALLY._fold_chunk))
    monkeypatch.undo()

    assert turns() == 7


def test_read__far_behind__says_so_once_and_catches_up(
    chat: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Given: no time to sum what is there
    for _ in range(10):
        turn(chat, ago=OLD)
    monkeypatch.setattr(tallies, "TAIL", 4)
    monkeypatch.setattr(metrics, "FOLDING_S", 0.0)

    # When
    text = metrics.render().decode()

    # Then: missing, not too few
    assert 'collector_failed{collector="agents.operations.metrics._turns"} 1.0' in text
    assert "agent_turns_total{" not in text
    # One warning, and no error with its frames.
    (said,) = [each for each in caplog.records if each.levelname != "INFO"]
    assert (said.levelname, said.getMessage()) == ("WARNING", "metrics.catching_up")

    # When: scrapes sum a part each
    monkeypatch.setattr(tallies, "CHUNK", 3)
    monkeypatch.setattr(metrics, "time_left", iter([0.0001] * 50).__next__)
    found = [scraped() for _ in range(4)]

    # Then
    assert found[-1] == 10
    assert set(found) <= {0, 10}


def test_read__high_ids_of_few_rows__is_not_behind(
    chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: the rows before them were deleted, or the numbers began high
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE agents_turn ALTER COLUMN id RESTART WITH 5000000")
    for _ in range(3):
        turn(chat, ago=OLD)
    monkeypatch.setattr(metrics, "FOLDING_S", 0.0)

    # Then
    assert scraped() == 3


def test_read__database_takes_no_writes__reads_the_rows(chat: Conversation) -> None:
    turn(chat, ago=OLD)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        assert turns() == 1

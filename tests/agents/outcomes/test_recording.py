from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from agents.core.locks import lock_idle_conversation
from agents.handoff import handoff
from agents.models import Conversation, HandOff, Message, OutboundMessage, Turn
from agents.outcomes import recording
from rollout.evidence import observations
from rollout.models import MetricRollup, Observation
from tests.agents.cast import Cast, Person, make_cast
from tests.live import lock_is_waited_for, until

MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def committed_cast(committed_db: str) -> Cast:
    return make_cast()


def talked(person: Person, ended_ago: timedelta, **facts: Any) -> Turn:
    """Create a turn that ended this long ago, with its message and its reply."""
    ended_at = timezone.now() - ended_ago
    known: dict[str, Any] = {
        "status": "done",
        "outcome": "reply",
        "model": "gpt-5-mini",
        "cost": Decimal("0.01"),
        "input_ended_at": ended_at - timedelta(seconds=2),
        "finished_at": ended_at,
    }
    turn = Turn.objects.create(
        conversation=person.chat,
        lease_token=uuid.uuid4(),
        lease_expires_at=ended_at,
        correlation_id=uuid.uuid4(),
        **(known | facts),
    )
    Turn.objects.filter(pk=turn.pk).update(started_at=ended_at - 5 * MINUTE / 60)
    message = person.writes("hello")
    Message.objects.filter(pk=message.pk).update(
        turn=turn, state="done", received_at=ended_at - timedelta(seconds=4)
    )
    OutboundMessage.objects.create(
        conversation=person.chat,
        turn=turn,
        cause=f"turn:{turn.pk}",
        body="hello",
        state="sent",
        handed_over_at=ended_at + timedelta(seconds=1),
    )
    return turn


def test_record_finished__idle_for_ten_minutes__is_recorded_once(cast: Cast) -> None:
    first = talked(cast.aline, 12 * MINUTE)
    talked(cast.aline, 11 * MINUTE)
    talked(cast.bosco, 9 * MINUTE)

    assert recording.record_finished() == 1
    assert recording.record_finished() == 0

    row = Observation.objects.get()
    assert row.source_key == f"chat:{cast.aline.chat.pk}:{first.pk}"
    assert (row.turns, row.calls, row.failed) == (2, 2, 0)
    assert row.latencies_ms == [3000, 3000]
    assert row.waits_ms == [2000, 2000]
    assert row.cost == Decimal("0.02")
    assert not row.is_synthetic
    assert MetricRollup.objects.get().conversations == 1


def test_record_finished__handoff_closed__is_over_at_once(cast: Cast) -> None:
    talked(cast.aline, 2 * MINUTE, outcome="hand_off")
    entry = HandOff.objects.create(
        kind="asked",
        profile=cast.aline.profile,
        conversation=cast.aline.chat,
        reason="asked",
    )
    assert recording.record_finished() == 0

    handoff.close(hand_off=entry, resolution="done", actor="odette")

    assert recording.record_finished() == 1
    assert Observation.objects.get().outcome == "handed_over"


def test_record_finished__recorder_was_down_for_an_hour__records_each_part(
    cast: Cast,
) -> None:
    for ago in (60, 59, 40, 20):
        talked(cast.aline, ago * MINUTE)

    assert recording.record_finished() == 3

    assert list(Observation.objects.order_by("id").values_list("turns", flat=True)) == [
        2,
        1,
        1,
    ]


def test_record_finished__customer_writes_on__waits(cast: Cast) -> None:
    talked(cast.aline, 11 * MINUTE)
    waiting = cast.aline.writes("one more thing")
    Message.objects.filter(pk=waiting.pk).update(
        received_at=timezone.now() - 5 * MINUTE
    )

    assert recording.record_finished() == 0


def test_record_finished__sandbox_people__are_marked_and_not_summed(cast: Cast) -> None:
    Conversation.objects.filter(pk=cast.aline.chat.pk).update(is_synthetic=True)
    talked(cast.aline, 11 * MINUTE)

    recording.record_finished()

    assert Observation.objects.get().is_synthetic
    assert not MetricRollup.objects.exists()


def test_record_finished__nothing_for_the_agent__not_recorded(cast: Cast) -> None:
    turn = talked(
        cast.aline, 11 * MINUTE, outcome="silent", error_code="feature_disabled"
    )

    assert recording.record_finished() == 0

    turn.refresh_from_db()
    assert turn.observed_at is not None
    assert not Observation.objects.exists()


def test_record_finished__the_key__does_not_identify_the_customer(cast: Cast) -> None:
    talked(cast.aline, 11 * MINUTE)
    recording.record_finished()

    row = Observation.objects.get()
    assert len(row.conversation_key) == 64
    assert str(cast.aline.chat.public_id).replace("-", "") not in row.conversation_key


def test_record_finished__more_than_a_batch__finds_all(cast: Cast) -> None:
    for person in (cast.aline, cast.bosco, cast.claudine):
        talked(person, 11 * MINUTE)

    assert recording.record_finished(limit=1) == 3


def test_record_finished__crash__nothing_recorded(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    talked(cast.aline, 11 * MINUTE)
    talked(cast.bosco, 11 * MINUTE)
    record = observations.record_observation

    def dies(finished: observations.FinishedConversation) -> Observation | None:
        found = record(finished)
        if finished.source_key.startswith(f"chat:{cast.aline.chat.pk}:"):
            raise RuntimeError
        return found

    monkeypatch.setattr(observations, "record_observation", dies)
    # A failure of one conversation does not stop the others.
    assert recording.record_finished() == 1
    monkeypatch.undo()

    assert recording.record_finished() == 1
    assert Observation.objects.count() == 2
    assert MetricRollup.objects.get().conversations == 2


def two_at_once(conversation_id: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let two workers record one conversation; the first to read waits for the other.

    A lock keeps the other worker from reading: it then waits for the lock, or ends.
    """
    start, both_read = threading.Barrier(2), threading.Event()
    readers: list[str] = []
    ended: list[str] = []
    found: list[int] = []
    closed_at = recording._closed_at

    def after_reading(conversation: Conversation) -> list[datetime]:
        readers.append(threading.current_thread().name)
        if len(readers) == 2:
            both_read.set()
        until(lambda: both_read.is_set() or ended or lock_is_waited_for())
        return closed_at(conversation)

    def work() -> None:
        try:
            start.wait()
            found.append(
                recording.record_conversation(conversation_id, now=timezone.now())
            )
        finally:
            ended.append(threading.current_thread().name)
            connection.close()

    with monkeypatch.context() as patch:
        patch.setattr(recording, "_closed_at", after_reading)
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return sum(found)


def rounds(cast: Cast, number: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found = []
    for _ in range(number):
        talked(cast.aline, 11 * MINUTE)
        found.append(two_at_once(cast.aline.chat.pk, monkeypatch))
        # The one that skipped the conversation reads it again a minute later.
        found[-1] += recording.record_finished()
    return found


def each_under_another_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Take the unique key away, so that the lock has to hold by itself."""
    made = recording._finished

    def finished(conversation: Conversation, first: int, sums: Any) -> Any:
        known = made(conversation, first, sums)
        return observations.FinishedConversation(
            **{
                name: getattr(known, name)
                for name in known.__dataclass_fields__
                if name != "source_key"
            },
            source_key=f"chat:{uuid.uuid4()}",
        )

    monkeypatch.setattr(recording, "_finished", finished)


def test_record_finished__two_at_once__recorded_once(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    each_under_another_key(monkeypatch)

    assert rounds(committed_cast, 4, monkeypatch) == [1] * 4


def test_record_finished__two_at_once_without_the_lock__recorded_twice(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the test above can fail."""
    each_under_another_key(monkeypatch)

    def read(pk: int) -> Conversation:
        return Conversation.objects.select_related("profile").get(pk=pk)

    monkeypatch.setattr(recording, "lock_idle_conversation", read)

    assert rounds(committed_cast, 4, monkeypatch) == [2] * 4


def test_lock_idle_conversation__locked__skipped(
    committed_cast: Cast,
) -> None:
    found: list[Conversation | None] = []

    def work() -> None:
        try:
            with transaction.atomic():
                found.append(lock_idle_conversation(committed_cast.aline.chat.pk))
        finally:
            connection.close()

    with transaction.atomic():
        lock_idle_conversation(committed_cast.aline.chat.pk)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert found == [None]

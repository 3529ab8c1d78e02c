"""Events that the database refuses, and poison events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from procrastinate.contrib.django import app

from agents import tasks
from agents.handoff import handoff
from agents.inbound import event_selection, process_events, receive_message
from agents.models import DeadLetter, Message, WebhookEvent
from agents.notifications import voucher_events
from agents.operations import backlog
from easymo.database import units
from easymo.database.queue_connector import PatientConnector
from tests import payloads
from tests.agents.channel import store
from tests.refusing import refusing

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("whatsapp")


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["53100", "25006", "57014"])
def test_process_stored_events__database_cannot_write__retried_later(
    switch: Callable[..., None], code: str
) -> None:
    # Given
    switch(chat=True)
    store(payloads.text("hello"))

    # When
    with refusing("agents_message", code):
        for _ in range(process_events.MAX_ATTEMPTS + 1):
            process_events.process_stored_events()
    assert WebhookEvent.objects.get().attempts == 0
    process_events.process_stored_events()

    # Then
    assert Message.objects.get().text == "hello"
    assert not DeadLetter.objects.exists()


class Death(BaseException):
    """An exception that no handler catches, like a killed worker."""


def die_of(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process end whenever it receives this text."""
    redact_message = receive_message.redact_message

    def deadly(message: Message, text: str) -> set[int]:
        if text == words:
            raise Death
        return redact_message(message, text)

    monkeypatch.setattr(receive_message, "redact_message", deadly)


def next_worker() -> bool:
    """Process events as the worker after a dead one; False: it died as well."""
    WebhookEvent.objects.update(processed_at=None)
    try:
        process_events.process_stored_events()
    except Death:
        event_selection.mark_possible_poison_events()
        return False
    return True


@pytest.mark.django_db
def test_process_stored_events__poison_event__kills_four_workers_then_dead_letter(
    switch: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: the event is before others
    switch(chat=True)
    die_of("boom", monkeypatch)
    for words in ("first", "boom", "last"):
        store(payloads.text(words))

    # When
    lives = [next_worker() for _ in range(6)]

    # Then
    assert lives == [False, False, False, False, True, True]
    assert sorted(Message.objects.values_list("text", flat=True)) == ["first", "last"]
    assert DeadLetter.objects.get().reason == "its worker died with it"
    assert WebhookEvent.objects.filter(state="failed").count() == 1


@pytest.mark.django_db
def test_claim_possible_poison_events__just_claimed__not_claimed_again() -> None:
    # Given
    store(payloads.text("hello"))
    assert event_selection.mark_possible_poison_events() == 1

    # When
    first, second = (
        [*event_selection.claim_possible_poison_events(limit=1)] for _ in range(2)
    )

    # Then
    assert [len(first), len(second)] == [1, 0]


def held_by_a_dead_worker() -> None:
    store(payloads.text("hello"))
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '1 minute') RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', worker_id = gone.id"
            " FROM gone WHERE task_name = 'agents.tasks.ingest'"
        )


async def test_sweep__worker_died_processing__events_are_marked(
    committed_db: str,
) -> None:
    # Given
    await units.run(held_by_a_dead_worker)
    queue = app.with_connector(PatientConnector())

    # When
    async with queue.open_async():
        await tasks.sweep_up.func(SimpleNamespace(app=queue), timestamp=0)

    # Then
    assert await units.run(lambda: WebhookEvent.objects.get().attempts) == 1


async def test_sweep__one_step_fails__others_run(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    def broken() -> None:
        raise RuntimeError("odd")

    done: list[str] = []
    monkeypatch.setattr(backlog, "enqueue_waiting", broken)
    monkeypatch.setattr(voucher_events, "announce", broken)
    monkeypatch.setattr(handoff, "resume_overdue", lambda: done.append("resumed"))
    queue = app.with_connector(PatientConnector())

    # When
    async with queue.open_async():
        await tasks.sweep_up.func(SimpleNamespace(app=queue), timestamp=0)

    # Then
    assert done == ["resumed"]

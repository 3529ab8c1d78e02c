"""Speak to a running deployment, and wait for what it does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import connection

from agents.core.jobs import enqueue_turn
from agents.models import Turn
from tests import payloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.agents.cast import Person
    from tests.fakes.graph import FakeGraph


def post(client: Client, body: bytes) -> None:
    headers = payloads.signed(body)
    answer = client.post(
        payloads.URL, body, content_type="application/json", headers=headers
    )
    assert answer.status_code == 200


def writes(client: Client, person: Person, words: str) -> None:
    sender = str(person.profile.msisdn)
    post(client, payloads.webhook(payloads.text(words, sender=sender)))


def until(holds: Callable[[], object], *, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def lock_is_waited_for() -> bool:
    """Tell whether a transaction of this database waits for the lock of another."""
    with connection.cursor() as cursor:
        # Otherwise a transaction reads the statistics of its first query again.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone() is not None


def end_leases() -> None:
    """Let the time pass that a dead worker's lease still has, and wake."""
    for turn in Turn.objects.filter(status=Turn.Status.RUNNING):
        turn.lease_expires_at = turn.started_at
        turn.save(update_fields=["lease_expires_at"])
        enqueue_turn(conversation_id=turn.conversation_id)


def told_to(graph: FakeGraph, person: Person) -> list[str]:
    return [sent.text for sent in graph.sent if sent.to == person.profile.msisdn]

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connection

from agents.models import WebhookEvent
from agents.services import inbox
from tests.agents.channel import jobs, post

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def own_pool(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let receipts use connections of their own, as outside the tests."""
    monkeypatch.setattr(inbox, "_pools", {})
    monkeypatch.setattr(inbox, "has_own_connections", lambda: True)
    yield committed_db
    inbox._pools[os.getpid()].close()


def test_record__own_connections__event_and_job_together(own_pool: str) -> None:
    # When
    for n in range(3):
        post(b"\x00%d" % n)

    # Then
    bodies = WebhookEvent.objects.order_by("pk").values_list("body", flat=True)
    assert [bytes(body) for body in bodies] == [b"\x000", b"\x001", b"\x002"]
    assert jobs("agents.tasks.ingest") == [{}, {}, {}]


def test_record__own_connections_died__replaced_at_once(own_pool: str) -> None:
    # Given
    post(b"before")
    with psycopg.connect(own_pool, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()

    # When
    post(b"after")

    # Then
    assert WebhookEvent.objects.count() == 2

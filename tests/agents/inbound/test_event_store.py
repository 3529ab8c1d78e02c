from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import DataError, OperationalError, connection

from agents.inbound import event_store
from agents.models import WebhookEvent
from tests.agents.channel import jobs, post

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def own_pool(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let stored events use their own connection, as in production."""
    monkeypatch.setattr(event_store, "_writers", {})
    monkeypatch.setattr(event_store, "has_own_connection", lambda: True)
    yield committed_db
    event_store._writers[os.getpid()].close()


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


def test_record__sixteen_at_once__fewer_commits_and_each_its_own_id(
    own_pool: str,
) -> None:
    # Given
    bodies = [b"%d" % number for number in range(320)]

    # When
    with ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(post, bodies))

    # Then
    stored = dict(WebhookEvent.objects.values_list("pk", "body"))
    assert [bytes(stored[pk]) for pk in ids] == bodies
    assert jobs("agents.tasks.ingest") == [{}] * len(bodies)
    assert commits() < len(bodies) / 2


def test_record__one_after_the_other__a_commit_each(own_pool: str) -> None:
    for number in range(5):
        post(b"%d" % number)

    assert commits() == 5


def commits() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM agents_webhookevent")
        return int(cursor.fetchone()[0])


def test_record__one_of_several_refused__the_others_stored(own_pool: str) -> None:
    # Given
    with connection.cursor() as cursor:
        cursor.execute(REFUSES_BAD)
    bodies = [b"bad" if number == 7 else b"%d" % number for number in range(64)]

    def attempt(body: bytes) -> int | None:
        try:
            return post(body)
        except DataError:
            return None

    # When
    with ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(attempt, bodies))

    # Then
    assert [ids.index(pk) for pk in ids if pk is None] == [7]
    assert WebhookEvent.objects.count() == len(bodies) - 1
    assert commits() < len(bodies) / 2


REFUSES_BAD = """
CREATE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.005);
    IF NEW.body = 'bad'::bytea THEN RAISE SQLSTATE '22000'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_bad BEFORE INSERT ON agents_webhookevent
    FOR EACH ROW EXECUTE FUNCTION refuse_bad();
"""


def test_record__table_locked__refused_in_bounded_time_and_nothing_stored(
    own_pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    post(b"before")

    # When
    with psycopg.connect(own_pool) as other, monkeypatch.context() as patch:
        patch.setattr(event_store, "STATEMENT_MS", 200)
        other.execute("LOCK TABLE agents_webhookevent IN ACCESS EXCLUSIVE MODE")
        # The lock is held: only the time-out ends the wait.
        with pytest.raises(OperationalError):
            post(b"while it is locked")

    # Then
    post(b"after")
    bodies = WebhookEvent.objects.order_by("pk").values_list("body", flat=True)
    assert [bytes(body) for body in bodies] == [b"before", b"after"]


def test_record__server_gone__refused_and_accepted_when_it_is_back(
    own_pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    post(b"before")
    with psycopg.connect(own_pool, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()

    # When
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        patch.setitem(connection.settings_dict, "PORT", "1")
        with pytest.raises(OperationalError):
            post(b"while it is gone")

    # Then
    post(b"after")
    assert WebhookEvent.objects.count() == 2

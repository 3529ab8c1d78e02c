from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from agents.inbound import event_store
from agents.models import WebhookEvent
from tests.agents.channel import jobs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def own_pool(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let stored events use their own connection, as in production."""
    monkeypatch.setattr(event_store, "has_own_connection", lambda: True)
    event_store._writer.cache_clear()
    yield committed_db
    event_store._writer().close()
    event_store._writer.cache_clear()


def post(body: bytes) -> int:
    """Store a delivery as the web process does."""
    (outcome,) = post_together([body])
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def post_together(
    bodies: list[bytes], *, at_once: int = 16
) -> list[int | BaseException]:
    """Store deliveries that arrive over this number of connections."""

    async def store(body: bytes, limit: asyncio.Semaphore) -> int:
        async with limit:
            return await event_store.record_together(
                body=body, is_synthetic=False, correlation_id=uuid4()
            )

    async def store_all() -> list[int | BaseException]:
        limit = asyncio.Semaphore(at_once)
        return await asyncio.gather(
            *(store(body, limit) for body in bodies), return_exceptions=True
        )

    return asyncio.run(store_all())


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
    ids = post_together(bodies)

    # Then
    stored = dict(WebhookEvent.objects.values_list("pk", "body"))
    assert [bytes(stored[pk]) for pk in ids if isinstance(pk, int)] == bodies
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

    # When
    outcomes = post_together(bodies)

    # Then
    assert [isinstance(outcome, psycopg.DataError) for outcome in outcomes] == [
        number == 7 for number in range(64)
    ]
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
        with pytest.raises(psycopg.OperationalError):
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
        with pytest.raises(psycopg.OperationalError):
            post(b"while it is gone")

    # Then
    post(b"after")
    assert WebhookEvent.objects.count() == 2

"""`migrate` beside transactions that hold locks, and after an interrupted run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from easymo.database.management.commands import migrate as command

if TYPE_CHECKING:
    from collections.abc import Iterator

# A table that migrate has not closed yet: for that it needs an exclusive lock.
NEW = "CREATE TABLE easymo.brand_new (n integer)"
IS_CLOSED = "SELECT relrowsecurity FROM pg_class WHERE relname = 'brand_new'"


@pytest.fixture
def behind(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a database where migrate has something to do that takes a lock."""
    with connection.cursor() as cursor:
        cursor.execute(NEW)
    monkeypatch.setattr(command, "LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(command, "PAUSE_SECONDS", 0.01)
    return committed_db


@pytest.fixture
def other(committed_db: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(committed_db) as other:
        yield other


def is_closed() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(IS_CLOSED)
        return bool(cursor.fetchone()[0])


def test_migrate__reader_holds_the_table__waits_for_its_end(
    behind: str, other: psycopg.Connection
) -> None:
    # Given: a transaction that has read the table and goes on
    other.execute("SELECT * FROM easymo.brand_new")

    # When: it ends only after the command has failed to lock
    tried = threading.Event()

    def end_when_tried() -> None:
        tried.wait(60)
        other.rollback()

    threading.Thread(target=end_when_tried, daemon=True).start()
    call_command("migrate", stdout=Notes(tried))

    # Then
    assert tried.is_set()
    assert is_closed()


class Notes:
    """Sets an event when the command says that it tries again."""

    def __init__(self, tried: threading.Event) -> None:
        self.tried = tried

    def write(self, text: str) -> None:
        if "trying again" in text:
            self.tried.set()

    def flush(self) -> None:
        pass


def test_migrate__lock_never_released__ends_with_a_sentence(
    behind: str, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0.3)
    other.execute("SELECT * FROM easymo.brand_new")
    with pytest.raises(CommandError, match="holds a lock for too long"):
        call_command("migrate", verbosity=0)
    assert not is_closed()


def test_migrate__unfinished_index__is_dropped(
    behind: str, other: psycopg.Connection
) -> None:
    # Given: an index that could not be finished, as after an interrupted run
    other.autocommit = True
    other.execute("SET search_path = easymo")
    other.execute("CREATE TABLE twice AS SELECT 1 AS n FROM generate_series(1, 2)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        other.execute("CREATE UNIQUE INDEX CONCURRENTLY half ON twice (n)")

    # When
    call_command("migrate", verbosity=0)

    # Then
    found = other.execute("SELECT to_regclass('easymo.half')").fetchone()
    assert found == (None,)


def test_migrate__another_process_migrates__waits_or_gives_up(
    behind: str, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0.3)
    other.execute("SELECT pg_advisory_lock(%s)", [command.ONE_AT_A_TIME])
    with pytest.raises(CommandError, match="Another process"):
        call_command("migrate", verbosity=0)
    other.rollback()
    other.execute("SELECT pg_advisory_unlock_all()")
    call_command("migrate", verbosity=0)

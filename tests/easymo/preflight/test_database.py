from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from easymo.database import queue_connector
from tests.easymo.preflight.requests import look

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_reachable__migrated__ok() -> None:
    assert look("database.reachable").status == "ok"


def test_reachable__a_migration_missing__failed() -> None:
    execute(
        "DELETE FROM django_migrations WHERE id ="
        " (SELECT max(id) FROM django_migrations WHERE app = 'rollout')"
    )

    found = look("database.reachable")

    assert found.status == "failed"
    assert "not applied" in found.detail
    assert "migrate" in found.remedy


def test_tables__closed__ok() -> None:
    assert look("database.tables").status == "ok"


def test_tables__gone__failed(settings: SettingsWrapper) -> None:
    settings.DATABASE_SCHEMA = "elsewhere"

    found = look("database.tables")

    assert (found.status, found.setting) == ("failed", "DATABASE_SCHEMA")
    assert "no profiles and no vouchers" in found.detail


def test_tables__open_to_everybody__failed() -> None:
    execute("GRANT SELECT ON profiles TO PUBLIC")

    found = look("database.tables")

    assert found.status == "failed"
    assert "PUBLIC holds SELECT on profiles" in found.detail


def test_notices__direct__heard() -> None:
    found = look("database.notices")

    assert found.status == "ok"
    assert "ms" in found.detail


def test_notices__transaction_pooler__polling_told(settings: SettingsWrapper) -> None:
    settings.DATABASE_LISTEN = None

    found = look("database.notices")

    assert (found.status, found.setting) == ("warning", "DATABASE_LISTEN_URL")
    assert "600 ms at most" in found.detail


def test_notices__another_database__not_heard(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: a connection to listen on that leads elsewhere
    monkeypatch.setattr("easymo.preflight.database.HEARD_WITHIN_S", 0.05)
    settings.DATABASE_LISTEN = {
        **{
            key: value
            for key, value in queue_connector.direct_parameters().items()
            if isinstance(value, str | int)
        },
        "dbname": "postgres",
    }

    # When
    found = look("database.notices")

    # Then
    assert found.status == "warning"
    assert "was not heard" in found.detail


def test_notices__nobody_there__told(settings: SettingsWrapper) -> None:
    settings.DATABASE_LISTEN = {"host": "127.0.0.1", "port": "1", "dbname": "x"}

    found = look("database.notices")

    assert found.status == "warning"
    assert "OperationalError" in found.detail


def test_worker__none__lacking() -> None:
    execute("DELETE FROM procrastinate_workers")

    assert look("database.worker").status == "warning"
    assert look("database.worker", serves_people=True).status == "failed"


@pytest.mark.parametrize(("silent_s", "status"), [(5, "ok"), (60, "warning")])
def test_worker__silence__told(silent_s: int, status: str) -> None:
    execute("DELETE FROM procrastinate_workers")
    execute(
        "INSERT INTO procrastinate_workers (last_heartbeat)"
        f" VALUES (now() - interval '{silent_s} seconds')"
    )

    assert look("database.worker").status == status

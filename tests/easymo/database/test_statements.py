from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from easymo.database import statements

KEPT = "SELECT a FROM kept WHERE a > %s"


@pytest.fixture
def kept(transactional_db: None) -> None:
    """A table of this connection only."""
    change("DROP TABLE IF EXISTS kept")
    change("CREATE TEMPORARY TABLE kept AS SELECT n AS a FROM generate_series(1, 3) n")


def change(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def migrate() -> None:
    """Change the column unseen by the driver, as another connection would."""
    connection.connection.pgconn.exec_(b"ALTER TABLE kept ALTER a TYPE text")


def prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s",
            ["%FROM kept%"],
        )
        return int(cursor.fetchone()[0])


def test_rows__asked_again__prepared_once(kept: None) -> None:
    # When
    found = [statements.rows(KEPT, [least]) for least in (0, 1, 2, 3)]

    # Then
    assert found == [[(1,), (2,), (3,)], [(2,), (3,)], [(3,)], []]
    assert prepared() == 1
    assert statements.row(KEPT, [3]) is None
    assert (
        statements.execute("UPDATE kept SET a = a WHERE a > %(least)s", {"least": 1})
        == 2
    )


def test_rows__behind_a_pooler__never_prepared(kept: None) -> None:
    # Given: as the settings have it for a pooler in transaction mode
    connection.connection.prepare_threshold = None
    try:
        # When
        for _ in range(4):
            statements.rows(KEPT, [0])

        # Then
        assert prepared() == 0
    finally:
        connection.connection.prepare_threshold = connection.settings_dict["OPTIONS"][
            "prepare_threshold"
        ]


def test_rows__type_of_a_column_changed_meanwhile__answered(kept: None) -> None:
    # Given: prepared, then a migration
    for _ in range(3):
        statements.rows("SELECT a FROM kept")
    migrate()

    # When, Then
    assert statements.rows("SELECT a FROM kept") == [("1",), ("2",), ("3",)]


def test_rows__type_changed_within_a_transaction__answered_after_its_end(
    kept: None,
) -> None:
    # Given
    for _ in range(3):
        statements.rows("SELECT a FROM kept")
    migrate()

    # When
    with pytest.raises(DatabaseError), transaction.atomic():
        statements.rows("SELECT a FROM kept")

    # Then
    with transaction.atomic():
        assert statements.rows("SELECT a FROM kept") == [("1",), ("2",), ("3",)]

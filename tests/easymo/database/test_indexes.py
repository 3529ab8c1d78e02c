"""The index of names is built wherever the extension lies, also after an interruption."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.state import ProjectState

from easymo.database.indexes import BuildIndex, BuildTrigramIndex
from vouchers.models import Profile

FOUND = """
SELECT n.nspname, i.indisvalid FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_opclass o ON o.oid = i.indclass[0]
  JOIN pg_namespace n ON n.oid = o.opcnamespace
 WHERE c.relname = 'profile_name_idx'
"""
MIGRATION = import_module("vouchers.migrations.0012_search_indexes").Migration


def run(kind: type[BuildIndex]) -> None:
    state = ProjectState.from_apps(apps)
    for operation in MIGRATION.operations:
        if isinstance(operation, kind):
            with connection.schema_editor(atomic=False) as editor:
                operation.database_forwards("vouchers", editor, state, state)


def index() -> tuple[str, bool] | None:
    with connection.cursor() as cursor:
        cursor.execute(FOUND)
        found: tuple[str, bool] | None = cursor.fetchone()
    return found


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_build__after_migrate__in_our_schema_and_again_nothing(
    committed_db: str,
) -> None:
    assert index() == (settings.DATABASE_SCHEMA, True)

    run(BuildIndex)

    assert index() == (settings.DATABASE_SCHEMA, True)


def test_build__extension_in_another_schema__finds_names(committed_db: str) -> None:
    # Given
    execute(
        "DROP EXTENSION pg_trgm CASCADE",
        "CREATE SCHEMA extensions",
        "CREATE EXTENSION pg_trgm SCHEMA extensions",
    )
    assert index() is None

    # When
    run(BuildTrigramIndex)

    # Then
    assert index() == ("extensions", True)
    Profile.objects.create(name="Mukamana Aline")
    assert Profile.objects.filter(name__icontains="kamana").exists()


def test_build__server_without_the_extension__says_what_to_do(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute("DROP EXTENSION pg_trgm CASCADE")
    monkeypatch.setattr("easymo.database.indexes.TRIGRAMS", "no_such_extension")

    with pytest.raises(CommandError, match="CREATE EXTENSION pg_trgm SCHEMA"):
        run(BuildTrigramIndex)

    assert index() is None

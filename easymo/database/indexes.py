"""Migrations that build indexes while other processes write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management.base import CommandError
from django.db import Error
from psycopg import sql

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# Extensions that the owner of a database may add ("trusted").
TRIGRAMS = "pg_trgm"
OPERATOR_CLASS = "gin_trgm_ops"
NEEDS_TRIGRAMS = (
    "The extension pg_trgm is needed for searches by name, and this role cannot add or use"
    " it: {error} Let the owner of the database run CREATE EXTENSION pg_trgm SCHEMA"
    " {schema}, or GRANT CREATE ON DATABASE … TO this role. Where the extension lies in"
    " another schema: GRANT USAGE ON SCHEMA … TO this role."
)


class BuildIndex(AddIndexConcurrently):
    """Build an index without a lock on the table, unless an earlier run built it.

    An interrupted run leaves an invalid index, which ``migrate`` drops first.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Build the index if there is none of its name."""
        if not _exists(schema_editor.connection, self.index.name):
            self.build(app_label, schema_editor, from_state, to_state)

    def build(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Build the index."""
        super().database_forwards(app_label, schema_editor, from_state, to_state)


class BuildTrigramIndex(BuildIndex):
    """Build an index of ``gin_trgm_ops``, whatever schema the extension lies in."""

    def build(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Add the extension where it is missing, then build the index."""
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        connection = schema_editor.connection
        if not self.allow_migrate_model(connection.alias, model):
            return
        statement = str(self.index.create_sql(model, schema_editor, concurrently=True))
        try:
            where = _trigrams(connection)
            with connection.cursor() as cursor:
                cursor.execute(
                    statement.replace(OPERATOR_CLASS, f"{where}.{OPERATOR_CLASS}")
                )
        except Error as error:
            if getattr(error.__cause__, "sqlstate", "") not in {
                "42501",
                "0A000",
                "58P01",
            }:
                raise
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_schema()")
                (schema,) = cursor.fetchone()
            raise CommandError(
                NEEDS_TRIGRAMS.format(error=str(error).strip(), schema=schema)
            ) from error


def _trigrams(connection: BaseDatabaseWrapper) -> str:
    """Return the schema of the extension, quoted; add it to ours if there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = sql.Identifier(cursor.fetchone()[0])
        extension = sql.Identifier(TRIGRAMS)
        cursor.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {}").format(
                extension, schema
            )
        )
        cursor.execute(
            "SELECT quote_ident(n.nspname) FROM pg_extension e"
            " JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = %s",
            [TRIGRAMS],
        )
        return str(cursor.fetchone()[0])


def _exists(connection: BaseDatabaseWrapper, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_class WHERE relname = %s AND relkind = 'i'"
            " AND relnamespace = current_schema()::regnamespace",
            [name],
        )
        return cursor.fetchone() is not None

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import Error, connections

from easymo.database import catalog, schema
from easymo.database.answers import without_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

# A waiting ALTER TABLE makes every later statement on the table wait behind it. So each
# attempt waits briefly, and is made again when the other transactions have gone on.
LOCK_TIMEOUT = "2s"
# The role's own limit would end the building of an index on a large table.
STATEMENT_TIMEOUT = "2h"
PATIENCE_SECONDS = 600
PAUSE_SECONDS = 1.0
# Lock not available, deadlock found: nothing of the attempt is left.
TRY_AGAIN = {"55P03", "40P01"}
# One migration at a time; the number is arbitrary, and the same for every release.
ONE_AT_A_TIME = 5_042_011

INVALID_INDEXES = """
SELECT format('%%I.%%I', n.nspname, i.relname)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE n.nspname = %s AND NOT x.indisvalid
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p
                  WHERE p.index_relid = x.indexrelid)
"""


class Command(migrate.Command):
    help = migrate.Command.help + " Our own schema comes first and is closed last."

    # The checks ask for what this command is about to set: on a restored database they
    # would refuse it. It makes sure of the same at its end.
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Migrate inside our schema, then revoke the access of all other roles."""
        connection = connections[options["database"]]
        only_looks = options["plan"] or options["check_unapplied"]
        if settings.DATABASE_OWNER is not None and not only_looks:
            schema.pin(connection)
        with schema.as_owner(connection):
            if only_looks:
                return super().handle(*args, **options)
            try:
                schema.prepare(connection)
            except schema.SchemaError as error:
                raise CommandError(str(error)) from error
            with without_limit(), _one_at_a_time(connection):
                done = self._migrate_patiently(connection, *args, **options)
            if open_doors := catalog.findings(connection):
                raise CommandError(
                    "The schema is not closed:\n  " + "\n  ".join(open_doors)
                )
        return done

    def _migrate_patiently(
        self, connection: BaseDatabaseWrapper, *args: Any, **options: Any
    ) -> str | None:
        """Migrate; try again while another transaction holds a lock that is needed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                _set_timeouts(connection)
                self._drop_invalid_indexes(connection)
                if catalog.is_migrated(connection):
                    # A restored table has no policy for this role: it would look empty,
                    # and every migration would seem to be missing.
                    schema.secure(connection)
                done = super().handle(*args, **options)
                schema.secure(connection)
                return done
            except Error as error:
                if getattr(error.__cause__, "sqlstate", "") not in TRY_AGAIN:
                    raise
                if time.monotonic() > deadline:
                    raise CommandError(
                        "Another transaction holds a lock for too long. Applied "
                        "migrations stay; find it in pg_stat_activity, and run "
                        "migrate again."
                    ) from error
                self.stdout.write("Another transaction holds a lock; trying again.")
                time.sleep(PAUSE_SECONDS)

    def _drop_invalid_indexes(self, connection: BaseDatabaseWrapper) -> None:
        """Drop what an interrupted CREATE INDEX CONCURRENTLY left; it is made again."""
        with connection.cursor() as cursor:
            cursor.execute(INVALID_INDEXES, [settings.DATABASE_SCHEMA])
            for (name,) in cursor.fetchall():
                self.stdout.write(f"Dropping the unfinished index {name}.")
                cursor.execute(f"DROP INDEX {name}")


def _is_pooled(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether a pooler gives the session to others after each transaction."""
    return bool(connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"))


def _set_timeouts(connection: BaseDatabaseWrapper) -> None:
    if _is_pooled(connection):
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, false),"
            " set_config('statement_timeout', %s, false)",
            [LOCK_TIMEOUT, STATEMENT_TIMEOUT],
        )


@contextmanager
def _one_at_a_time(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait until no other process migrates this database."""
    if _is_pooled(connection):
        yield
        return
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _try_lock(connection):
        if time.monotonic() > deadline:
            raise CommandError("Another process has been migrating for too long.")
        time.sleep(PAUSE_SECONDS)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])


def _try_lock(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME])
        return bool(cursor.fetchone()[0])

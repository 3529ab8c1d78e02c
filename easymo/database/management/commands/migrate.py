from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from easymo.database import catalog, schema


class Command(migrate.Command):
    help = migrate.Command.help + " Our own schema comes first and is closed last."

    # What the checks of the database demand is what this command brings about: a new
    # role may not even look into the schema before. `handle` checks the result.
    requires_system_checks: list[str] = []

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
                done = super().handle(*args, **options)
                schema.secure(connection)
            except schema.SchemaError as error:
                raise CommandError(str(error)) from error
            if open_doors := catalog.findings(connection):
                raise CommandError(
                    "The schema is not closed:\n  " + "\n  ".join(open_doors)
                )
        return done

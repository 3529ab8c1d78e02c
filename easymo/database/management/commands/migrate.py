from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from easymo.database import catalog, schema

if TYPE_CHECKING:
    from collections.abc import Sequence


class Command(migrate.Command):
    help = migrate.Command.help + " Our own schema comes first and is closed last."

    # The checks ask for what this command is about to set: on a restored database they
    # would refuse it. It makes sure of the same at its end.
    requires_system_checks: Sequence[str] = ()

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

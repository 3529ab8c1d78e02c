from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.db import connections

from easymo.database import catalog, schema

if TYPE_CHECKING:
    from collections.abc import Sequence


@checks.register(checks.Tags.database)
def schema_is_ours_alone(
    databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Refuse tables of ours outside our schema, and open doors into it."""
    found: list[checks.CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if not catalog.is_migrated(connection):
            continue
        if schema.current_schema(connection) != settings.DATABASE_SCHEMA:
            found.append(
                checks.Error(
                    "New tables would not land in the schema "
                    f"'{settings.DATABASE_SCHEMA}'.",
                    hint="Run `manage.py migrate`, which sets the role's search_path.",
                    id="database.E002",
                )
            )
        found += [
            checks.Warning(
                sentence,
                hint="`manage.py migrate` closes what it finds open. A table of ours "
                "elsewhere was made by hand or under another search_path: move it.",
                id="database.W001",
            )
            for sentence in catalog.findings(connection)
        ]
    return found

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.db import connections

from easymo.database import catalog, schema

if TYPE_CHECKING:
    from collections.abc import Sequence


@checks.register(checks.Tags.security)
def site_is_closed(**_: Any) -> list[checks.CheckMessage]:
    """Warn about settings that a reachable site must not have."""
    if settings.DEMONSTRATION:
        return []
    found: list[checks.CheckMessage] = []
    if settings.DEBUG:
        found.append(
            checks.Warning(
                "DEBUG is on: pages show details of failures.",
                hint="Leave it off on a machine that others reach.",
                id="site.W001",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            checks.Warning(
                "ALLOWED_HOSTS holds *: links can be made to point anywhere.",
                hint="Name the hosts that this site answers to.",
                id="site.W002",
            )
        )
    if settings.DATABASE_LISTEN is None:
        found.append(
            checks.Warning(
                "DATABASE_URL is a pooler in transaction mode, and "
                "DATABASE_LISTEN_URL is not set: jobs and flips are polled for.",
                hint="Give a direct or session connection besides.",
                id="database.W002",
            )
        )
    return found


@checks.register(checks.Tags.database)
def schema_is_ours_alone(
    databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Refuse our tables outside of our schema, and foreign access to it."""
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
                hint="`manage.py migrate` revokes foreign access. A table of this product "
                "elsewhere was made by hand or under another search_path: move it.",
                id="database.W001",
            )
            for sentence in catalog.findings(connection)
        ]
    return found

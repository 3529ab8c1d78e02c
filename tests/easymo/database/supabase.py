"""A database as Supabase makes it: three roles, and everything granted to them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests import databases
from tests.processes import manage

if TYPE_CHECKING:
    from collections.abc import Iterator

STRANGERS = ("anon", "authenticated", "service_role")
OWNER, RUNTIME = "easymo_test_owner", "easymo_test_runtime"
PASSWORD = "only on this machine"
ROLES = {
    "anon": "NOLOGIN",
    "authenticated": "NOLOGIN",
    "service_role": "NOLOGIN BYPASSRLS",
    OWNER: f"LOGIN PASSWORD '{PASSWORD}'",
    RUNTIME: f"LOGIN PASSWORD '{PASSWORD}'",
}
# What Supabase's own set-up says, and for good measure without `IN SCHEMA` too.
GRANTS = [
    "GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role",
    f"GRANT CREATE ON SCHEMA public TO {OWNER}",
    *(
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} {where} GRANT ALL ON {kind}"
        " TO anon, authenticated, service_role"
        for where in ("", "IN SCHEMA public")
        for kind in ("TABLES", "SEQUENCES", "FUNCTIONS")
    ),
]


def make_roles() -> None:
    """Make the roles, which belong to the server, where they are not there yet."""
    with databases.server() as maintenance:
        row = maintenance.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if row != (True,):
            pytest.skip("making Supabase's roles needs a superuser of the server")
        for name, options in ROLES.items():
            maintenance.execute(
                f"DO $$ BEGIN CREATE ROLE {name} {options};"  # type: ignore[arg-type]
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;"
                " END $$"
            )


@contextmanager
def database() -> Iterator[str]:
    """Give an empty database that is open to Supabase's roles; its name."""
    make_roles()
    with databases.empty(label="supabase") as name:
        with databases.server(name) as inside:
            inside.execute(
                sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(OWNER)
                )
            )
            for statement in GRANTS:
                inside.execute(statement)  # type: ignore[arg-type]
        yield name


def connect(name: str, role: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect as one of the roles that may sign in."""
    return psycopg.connect(databases.url(name, user=role), autocommit=True)


def urls(name: str) -> dict[str, str]:
    return {
        "DATABASE_URL": databases.url(name, user=RUNTIME),
        "DATABASE_OWNER_URL": databases.url(name, user=OWNER),
    }


def migrate(name: str) -> None:
    manage("migrate", "--verbosity", "0", **urls(name))

"""`migrate` with any pair of owner and runtime role, and after one has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from tests import databases
from tests.easymo.database import supabase
from tests.processes import manage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OWNER = "easymo_test_roles_owner"
FIRST, SECOND = "easymo_test_runtime_1", "easymo-test-runtime-2"
MEMBER = "easymo_test_roles_member"
# The owner (None: the runtime role owns all) and the runtime role, in their order; each
# is checked before the next one comes.
HISTORIES: dict[str, list[tuple[str | None, str]]] = {
    "other runtime roles, the last a member of the owner": [
        (OWNER, FIRST),
        (OWNER, SECOND),
        (OWNER, MEMBER),
    ],
    "one role, then two, then one": [(None, OWNER), (OWNER, FIRST), (None, OWNER)],
}


@pytest.fixture
def database(
    template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """Give a new, empty database, and roles that no table knows."""
    with django_db_blocker.unblock(), databases.empty(label="roles") as name:
        with databases.server() as maintenance:
            for role, options in (
                (OWNER, ""),
                (FIRST, ""),
                (SECOND, ""),
                (MEMBER, f" IN ROLE {OWNER}"),
            ):
                maintenance.execute(
                    "DO $$ BEGIN CREATE ROLE "  # type: ignore[arg-type]
                    f"\"{role}\" LOGIN PASSWORD '{supabase.PASSWORD}'{options};"
                    " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;"
                    " END $$"
                )
            maintenance.execute(
                sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(OWNER)
                )
            )
        yield name


def settings_for(name: str, owner: str | None, runtime: str) -> dict[str, str]:
    found = {"DATABASE_URL": databases.url(name, user=runtime)}
    if owner is not None:
        found["DATABASE_OWNER_URL"] = databases.url(name, user=owner)
    return found


def may_read(name: str, role: str) -> bool:
    with supabase.connect(name, role) as connection:
        try:
            connection.execute("SELECT count(*) FROM easymo.vouchers")
        except psycopg.errors.InsufficientPrivilege:
            return False
    return True


@pytest.mark.parametrize("history", HISTORIES)
def test_migrate__roles_as_given__works_and_passes_its_own_checks(
    database: str, history: str
) -> None:
    for step, (owner, runtime) in enumerate(HISTORIES[history]):
        # When
        given = settings_for(database, owner, runtime)
        manage("migrate", "--verbosity", "0", **given)

        # Then: the checks, a command of the runtime role, and the earlier roles
        said = manage("check", "--database", "default", "--tag", "database", **given)
        assert "no issues" in said
        assert "FEATURE_AGENT_CHAT" in manage("flags", **given)
        assert may_read(database, runtime)
        for _, earlier in HISTORIES[history][:step]:
            if earlier not in {owner, runtime}:
                assert not may_read(database, earlier)

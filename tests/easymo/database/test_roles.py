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
# is checked before the next one comes: one role, then two, one again, and then other
# runtime roles, the last a member of the owner.
HISTORY: list[tuple[str | None, str]] = [
    (None, OWNER),
    (OWNER, FIRST),
    (None, OWNER),
    (OWNER, FIRST),
    (OWNER, SECOND),
    (OWNER, MEMBER),
]
CHECKS = """
from django.core.management import call_command
call_command("check", tags=["database"], databases=["default"], fail_level="WARNING")
call_command("flags")
"""


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


def test_migrate__roles_one_after_another__works_and_passes_its_own_checks(
    database: str,
) -> None:
    for step, (owner, runtime) in enumerate(HISTORY):
        # When
        given = settings_for(database, owner, runtime)
        manage("migrate", "--verbosity", "0", **given)

        # Then: the checks, a command of the runtime role, and the earlier roles
        said = manage("shell", "-v", "0", "-c", CHECKS, **given)
        assert "no issues" in said, step
        assert "FEATURE_AGENT_CHAT" in said, step
        assert may_read(database, runtime), step
        for _, earlier in HISTORY[:step]:
            if earlier not in {owner, runtime}:
                assert not may_read(database, earlier), (step, earlier)

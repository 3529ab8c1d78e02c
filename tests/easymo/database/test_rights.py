"""What the runtime role may do: every table, every privilege, every function."""

from __future__ import annotations

import pytest
from django.conf import settings

from easymo.database.schema import TABLE_RIGHTS
from tests import databases
from tests.easymo.database import supabase
from tests.easymo.database.supabase import OWNER, RUNTIME
from tests.easymo.database.test_schema import (
    LAST_RESORT,
    SCHEMA,
    TABLES,
    count,
    names,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("supabase")]


def rights(name: str) -> dict[str, set[str]]:
    """Return what the runtime role may do with each of our tables."""
    with databases.server(name) as inside:
        rows = inside.execute(
            "SELECT tablename, array(SELECT r FROM unnest(%s::text[]) r WHERE"
            " has_table_privilege(%s, format('%%I.%%I', schemaname, tablename), r))"
            " FROM pg_tables WHERE schemaname = %s",
            [list(TABLE_RIGHTS), RUNTIME, SCHEMA],
        ).fetchall()
    return {table: set(found) for table, found in rows}


def test_runtime_role__every_table_and_privilege__as_the_stated_table(
    migrated: str,
) -> None:
    # Given
    tables = names(migrated, TABLES)
    assert set(settings.DATABASE_RIGHTS) <= set(tables)

    # When
    found = rights(migrated)

    # Then
    default = settings.DATABASE_ALL_RIGHTS
    stated = {
        table: set(settings.DATABASE_RIGHTS.get(table, default)) for table in tables
    }
    assert found == stated


# The tables that hold what happened: none may be changed or emptied.
AUDIT = sorted(
    table
    for table, rights in settings.DATABASE_RIGHTS.items()
    if table not in {"auth_permission", "django_content_type", "django_migrations"}
    and "UPDATE" not in rights
    and table not in {"voucher_note", "voucher_refusal"}
)


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
@pytest.mark.parametrize("table", AUDIT)
def test_runtime_role__audit_table__is_refused(
    migrated: str, table: str, verb: str
) -> None:
    if verb == "DELETE" and "DELETE" in settings.DATABASE_RIGHTS[table]:
        pytest.skip("a trigger decides which rows may be deleted")
    [column, *_] = names(
        migrated,
        f"SELECT attname FROM pg_attribute WHERE attnum > 0"
        f" AND attrelid = '{SCHEMA}.{table}'::regclass ORDER BY attnum",
    )
    statement = {
        "UPDATE": f"UPDATE {{}} SET {column} = {column}",
        "DELETE": "DELETE FROM {}",
        "TRUNCATE": "TRUNCATE {} CASCADE",
    }[verb]
    with supabase.connect(migrated, RUNTIME) as runtime, pytest.raises(LAST_RESORT):
        runtime.execute(statement.format(table))  # type: ignore[arg-type]


def test_functions__all_of_them__have_our_search_path(migrated: str) -> None:
    found = names(
        migrated,
        "SELECT proname FROM pg_proc"
        f" WHERE pronamespace = '{SCHEMA}'::regnamespace AND prokind IN ('f', 'p')"
        # Those of an extension belong to it.
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_proc.oid"
        " AND d.deptype = 'e')"
        f" AND NOT ('search_path={SCHEMA}, pg_temp' = ANY (proconfig)) IS TRUE",
    )
    assert found == []


def test_tables__all_of_them__force_row_security_on_the_owner_too(
    migrated: str,
) -> None:
    found = names(
        migrated,
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
        f" AND relnamespace = '{SCHEMA}'::regnamespace"
        " AND NOT (relrowsecurity AND relforcerowsecurity)",
    )
    assert found == []
    with supabase.connect(migrated, OWNER) as owner:
        assert count(owner, "auth_group") == 3


@pytest.mark.parametrize(
    "table", ["vouchers", "profiles", "auth_user", "rollout_agentflag"]
)
def test_temporary_table__with_our_name__is_not_read_by_functions_and_statements(
    migrated: str, table: str
) -> None:
    with supabase.connect(migrated, RUNTIME) as runtime:
        runtime.execute(f"CREATE TEMP TABLE {table} (id int)")  # type: ignore[arg-type]
        seen = runtime.execute(f"SELECT '{table}'::regclass::oid").fetchone()  # type: ignore[arg-type]
        ours = runtime.execute(f"SELECT '{SCHEMA}.{table}'::regclass::oid").fetchone()  # type: ignore[arg-type]
        assert seen == ours
        # A client may change its own path: the functions keep theirs.
        runtime.execute("SET search_path = pg_temp, easymo")
        assert runtime.execute(
            "SELECT outcome FROM voucher_rotate(1, NULL, '', '', NULL, 'x',"
            " ROW('system', 'x', 'system', NULL, false, NULL, 'k', '')::voucher_cause)"
        ).fetchone() == ("voucher_not_found",)
        assert runtime.execute("SELECT voucher_feature_on(NULL)").fetchone() == (False,)
        assert runtime.execute(
            "SELECT (voucher_who_is('user', '1', NULL)).role"
        ).fetchone() == ("unknown",)

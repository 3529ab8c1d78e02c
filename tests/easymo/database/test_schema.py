from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection
from django.test import override_settings
from psycopg import sql

from easymo.database import catalog
from tests import databases
from tests.easymo.database import supabase
from tests.easymo.database.supabase import OWNER, RUNTIME, STRANGERS, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("supabase"),
]
SCHEMA = "easymo"
LAST_RESORT = psycopg.errors.InsufficientPrivilege


@pytest.fixture(autouse=True)
def _own_connections(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def names(name: str, query: str) -> list[str]:
    with databases.server(name) as inside:
        return [row[0] for row in inside.execute(query).fetchall()]  # type: ignore[arg-type]


TABLES = f"SELECT tablename FROM pg_tables WHERE schemaname = '{SCHEMA}'"
SEQUENCES = f"SELECT sequencename FROM pg_sequences WHERE schemaname = '{SCHEMA}'"
FUNCTIONS = (
    "SELECT format('%I(%s)', proname, (SELECT string_agg(format('NULL::%s',"
    " format_type(t, NULL)), ', ') FROM unnest(proargtypes) t)) FROM pg_proc"
    f" WHERE pronamespace = '{SCHEMA}'::regnamespace"
    " AND prorettype <> 'trigger'::regtype AND prokind = 'f'"
    # The functions of an extension read no table, and some cannot be called by hand.
    " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_proc.oid"
    " AND d.deptype = 'e')"
)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_strangers__every_table_sequence_and_function__are_refused(
    migrated: str, stranger: str
) -> None:
    # Given: although the schema is open
    tables, sequences = names(migrated, TABLES), names(migrated, SEQUENCES)
    functions = names(migrated, FUNCTIONS)
    assert {"vouchers", "profiles", "auth_user", "procrastinate_jobs"} <= set(tables)
    assert sequences
    assert any(f.startswith("procrastinate_defer") for f in functions)
    attempts = [
        *(
            verb.format(f'{SCHEMA}."{table}"')
            for table in tables
            for verb in (
                "SELECT 1 FROM {}",
                "INSERT INTO {} DEFAULT VALUES",
                "DELETE FROM {}",
                "TRUNCATE {} CASCADE",
                "LOCK TABLE {}",
            )
        ),
        *(f"SELECT nextval('{SCHEMA}.\"{s}\"')" for s in sequences),
        *(f"SELECT {SCHEMA}.{function}" for function in functions),
    ]

    # When
    through = not_refused(migrated, stranger, attempts)

    # Then
    assert through == []


def not_refused(name: str, role: str, statements: list[str]) -> list[str]:
    """Return the statements that this role gets through with; none has an effect."""
    with databases.server(name) as inside, inside.transaction(force_rollback=True):
        inside.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(
                sql.Identifier(SCHEMA), sql.Identifier(role)
            )
        )
        inside.execute(f"SET LOCAL search_path = {SCHEMA}")
        inside.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        return [each for each in statements if not is_refused(inside, each)]


def is_refused(inside: psycopg.Connection[Any], statement: str) -> bool:
    try:
        with inside.transaction(force_rollback=True):
            inside.execute(statement)  # type: ignore[arg-type]
    except LAST_RESORT:
        return True
    except psycopg.Error:
        return False
    return False


@pytest.mark.parametrize("stranger", STRANGERS)
def test_strangers__without_a_slip__do_not_even_get_into_the_schema(
    migrated: str, stranger: str
) -> None:
    with databases.server(migrated) as inside:
        inside.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(stranger)))
        with pytest.raises(LAST_RESORT, match="permission denied for schema"):
            inside.execute(f"SELECT 1 FROM {SCHEMA}.vouchers")


def test_public__after_migrate__holds_nothing_of_ours(migrated: str) -> None:
    assert names(migrated, TABLES.replace(f"'{SCHEMA}'", "'public'")) == []


def test_migrate__again_after_a_new_table_and_function__covers_them(
    migrated: str,
) -> None:
    # Given: the default privileges open what is made, as on Supabase
    with supabase.connect(migrated, OWNER) as owner:
        owner.execute("CREATE TABLE brand_new (id bigserial PRIMARY KEY)")
        owner.execute("CREATE FUNCTION brand_new_one() RETURNS int RETURN 1")
    assert granted(migrated, "brand_new")
    assert found_open(migrated)

    # When
    migrate(migrated)

    # Then
    assert granted(migrated, "brand_new") == []
    assert not_refused(migrated, "anon", [f"SELECT {SCHEMA}.brand_new_one()"]) == []
    assert names(
        migrated,
        "SELECT relrowsecurity FROM pg_class WHERE relname = 'brand_new'",
    ) == [True]
    assert found_open(migrated) == []
    with supabase.connect(migrated, OWNER) as owner:
        owner.execute("DROP TABLE brand_new")
        owner.execute("DROP FUNCTION brand_new_one()")


def granted(name: str, table: str) -> list[str]:
    return names(
        name,
        "SELECT grantee::text FROM information_schema.role_table_grants"
        f" WHERE table_name = '{table}' AND grantee IN {STRANGERS}",
    )


def found_open(name: str) -> list[str]:
    """Return what the check says, of the roles that the processes run as."""
    with databases.using(name), override_settings(DATABASE_RUNTIME_ROLE=RUNTIME):
        return catalog.findings(connection)


@pytest.mark.parametrize(
    ("opened", "closed", "found"),
    [
        (
            "GRANT TRUNCATE ON {0}.vouchers TO anon",
            "REVOKE TRUNCATE ON {0}.vouchers FROM anon",
            "anon holds TRUNCATE on vouchers.",
        ),
        (
            "GRANT SELECT (name) ON {0}.profiles TO PUBLIC",
            "REVOKE SELECT (name) ON {0}.profiles FROM PUBLIC",
            "PUBLIC holds SELECT on column name of profiles.",
        ),
        (
            "GRANT USAGE ON SCHEMA {0} TO authenticated",
            "REVOKE USAGE ON SCHEMA {0} FROM authenticated",
            "authenticated may use the schema.",
        ),
        (
            "ALTER TABLE {0}.vouchers DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE {0}.vouchers ENABLE ROW LEVEL SECURITY",
            "Table vouchers has no row security.",
        ),
        (
            "ALTER TABLE {0}.vouchers NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE {0}.vouchers FORCE ROW LEVEL SECURITY",
            "Table vouchers has no row security.",
        ),
        (
            "ALTER FUNCTION {0}.voucher_guard() RESET search_path",
            "ALTER FUNCTION {0}.voucher_guard() SET search_path = {0}, pg_temp",
            "Function voucher_guard() has another search_path.",
        ),
        (
            "CREATE POLICY slip ON {0}.vouchers USING (true)",
            "DROP POLICY slip ON {0}.vouchers",
            "Table vouchers has the policy slip, which is not ours.",
        ),
        (
            "CREATE TABLE public.voucher_event (id int)",
            "DROP TABLE public.voucher_event",
            "Our table voucher_event lies in the schema public.",
        ),
    ],
)
def test_findings__each_kind_of_open_door__is_named(
    migrated: str, opened: str, closed: str, found: str
) -> None:
    with databases.server(migrated) as inside:
        inside.execute(opened.format(SCHEMA))  # type: ignore[arg-type]
        try:
            assert found_open(migrated) == [found]
        finally:
            inside.execute(closed.format(SCHEMA))  # type: ignore[arg-type]


def test_runtime_role__rows__are_seen_and_written_through_row_security(
    migrated: str,
) -> None:
    with supabase.connect(migrated, RUNTIME) as runtime:
        assert runtime.execute("SHOW search_path").fetchone() == (f"{SCHEMA}, pg_temp",)
        assert count(runtime, "auth_group") == 3
        with runtime.transaction(force_rollback=True):
            runtime.execute("INSERT INTO auth_group (name) VALUES ('new')")
            assert count(runtime, "auth_group") == 4


def test_runtime_role__thin_rounds__may_be_forgotten(migrated: str) -> None:
    with supabase.connect(migrated, RUNTIME) as runtime:
        runtime.execute(
            "DELETE FROM rollout_evaluation WHERE action = 'none' AND false"
        )
        runtime.execute("SELECT rollout_is_forgettable(now())")


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE auth_group CASCADE",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE auth_group DISABLE ROW LEVEL SECURITY",
        "DROP TABLE auth_group CASCADE",
        "CREATE TEMP TABLE t () INHERITS (auth_group)",
        "CREATE FUNCTION mine() RETURNS int RETURN 1",
        "CREATE TRIGGER mine BEFORE INSERT ON vouchers"
        " FOR EACH ROW EXECUTE FUNCTION voucher_append_only()",
        "ALTER TABLE vouchers DISABLE TRIGGER voucher_guard",
        "ALTER TABLE vouchers NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY easymo_runtime ON vouchers",
        "SET session_replication_role = replica",
        # The trail is only ever added to.
        "DELETE FROM voucher_event",
        "UPDATE rollout_flagchange SET reason = 'another'",
        "UPDATE rollout_evaluation SET because = 'another'",
    ],
)
def test_runtime_role__definitions__are_not_its_business(
    migrated: str, statement: str
) -> None:
    with supabase.connect(migrated, RUNTIME) as runtime, pytest.raises(LAST_RESORT):
        runtime.execute(statement)  # type: ignore[arg-type]


def test_roles__settings__are_pinned_in_this_database(migrated: str) -> None:
    with supabase.connect(migrated, RUNTIME) as runtime:
        found = [
            runtime.execute(f"SHOW {name}").fetchone()  # type: ignore[arg-type]
            for name in (
                "TimeZone",
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
            )
        ]
    assert found == [("UTC",), ("10s",), ("30s",), ("1min",)]


def count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])

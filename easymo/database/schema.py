"""A schema of our own that only the runtime role can access.

On Supabase everything in ``public`` is granted to ``anon`` and ``authenticated`` when
it is created, and the Data API serves it. So every table, including those of Django and
of the queue, lives in ``DATABASE_SCHEMA``. Privileges are revoked from all other roles,
and row security is a second protection.

The search path is set on the role in this database: a start-up option does not pass a
pooler in transaction mode. It is also set in every function. It ends with ``pg_temp``,
which would otherwise come first: a temporary table could replace a table of the schema.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import OperationalError, ProgrammingError, connections
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

POLICY = "easymo_runtime"
# Supabase's roles besides PUBLIC; they do not exist on other servers.
STRANGERS = ("anon", "authenticated", "service_role")
# Default time-outs of a statement, for connections that set none.
ROLE_SETTINGS = {
    "TimeZone": "UTC",
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
PATIENCE_SECONDS = 10
# Every privilege on a table that PostgreSQL 15 and later know.
TABLE_RIGHTS = (
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
)
# Functions and procedures without our search path. Those of extensions are theirs.
UNPINNED = """
SELECT p.oid::regprocedure::text FROM pg_proc p
 WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
   AND p.prokind IN ('f', 'p')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                      AND d.objid = p.oid AND d.deptype = 'e')
   AND NOT coalesce(p.proconfig, '{}') @> ARRAY[
       format('search_path=%%s, pg_temp', quote_ident(%(schema)s))]
"""


class SchemaError(Exception):
    """The schema cannot be prepared or is not safe; the text says what to do."""


@contextmanager
def as_owner(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Connect as the role of DATABASE_OWNER_URL for a while, when there is one."""
    owner: dict[str, Any] | None = settings.DATABASE_OWNER
    if owner is None:
        yield
        return
    configured = connections.settings[connection.alias]
    before = dict(configured)
    # Keep the database name of a test or a clone: the URL gives only role and login.
    wanted = {**owner, "NAME": configured["NAME"]}
    try:
        _disconnect(connection)
        configured.update(wanted)
        connection.settings_dict.update(wanted)
        yield
    finally:
        _disconnect(connection)
        configured.update(before)
        connection.settings_dict.update(before)


def pin(connection: BaseDatabaseWrapper) -> None:
    """Set search path and time-outs on our own role; only the role itself may do it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        _set_on_role(cursor, str(cursor.fetchone()[0]))
    _disconnect(connection)


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Create the schema, set the search path of our role, and reconnect."""
    name = settings.DATABASE_SCHEMA
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name])
        if cursor.fetchone() is None:
            statement = sql.SQL("CREATE SCHEMA IF NOT EXISTS {}")
            try:
                cursor.execute(statement.format(sql.Identifier(name)))
            except ProgrammingError as error:
                raise SchemaError(
                    f"The role may not create the schema '{name}'. Run GRANT CREATE ON "
                    "DATABASE … TO it, or set DATABASE_OWNER_URL to one that may."
                ) from error
    pin(connection)
    _wait_for_path(connection)


def secure(connection: BaseDatabaseWrapper) -> None:
    """Revoke all privileges of other roles, and secure every table and function.

    Runs after each migration, so new ones are covered without being named.
    """
    with connection.cursor() as cursor:
        owner, runtime = _our_roles(cursor)
        strangers = [
            "PUBLIC",
            *(_existing(cursor, STRANGERS) | _grantees(cursor) - {owner, runtime}),
        ]
        tables = _tables(cursor)
        for statement in (
            *_revocations(owner, strangers),
            *_grants(owner, runtime, tables),
        ):
            cursor.execute(statement)
        for table in tables:
            _protect_table(cursor, table, sorted({owner, runtime}))
        _pin_functions(cursor)


def current_schema(connection: BaseDatabaseWrapper) -> str | None:
    """Return the schema in which an unqualified table would be created now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        found: str | None = cursor.fetchone()[0]
    return found


def _our_roles(cursor: Any) -> tuple[str, str]:
    """Return our own role, which owns the schema, and the runtime role."""
    cursor.execute("SELECT current_user")
    owner = str(cursor.fetchone()[0])
    return (
        owner,
        owner if settings.DATABASE_OWNER is None else settings.DATABASE_RUNTIME_ROLE,
    )


def _existing(cursor: Any, names: Sequence[str]) -> set[str]:
    cursor.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(names)]
    )
    return {name for (name,) in cursor.fetchall()}


# The runtime role may have been another one before.
_GRANTEES = """
SELECT DISTINCT r.rolname FROM (
    SELECT n.nspacl FROM pg_namespace n WHERE n.oid = %(schema)s::regnamespace
    UNION ALL
    SELECT c.relacl FROM pg_class c WHERE c.relnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT t.attacl FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
     WHERE c.relnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT p.proacl FROM pg_proc p WHERE p.pronamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT d.defaclacl FROM pg_default_acl d
     WHERE d.defaclnamespace = %(schema)s::regnamespace
) found (acl), aclexplode(found.acl) a JOIN pg_roles r ON r.oid = a.grantee
"""


def _grantees(cursor: Any) -> set[str]:
    """Return the roles that hold any privilege in our schema."""
    cursor.execute(_GRANTEES, {"schema": _quoted(settings.DATABASE_SCHEMA)})
    return {name for (name,) in cursor.fetchall()}


def _set_on_role(cursor: Any, role: str) -> None:
    """Set search path and time-outs on the role in this database where they differ."""
    path = f"{settings.DATABASE_SCHEMA}, pg_temp"
    wanted = {"search_path": path, **ROLE_SETTINGS}
    cursor.execute(
        "SELECT unnest(setconfig) FROM pg_db_role_setting s"
        " JOIN pg_database d ON d.oid = s.setdatabase"
        " JOIN pg_roles r ON r.oid = s.setrole"
        " WHERE d.datname = current_database() AND r.rolname = %s",
        [role],
    )
    known = dict(row[0].split("=", 1) for row in cursor.fetchall())
    cursor.execute("SELECT current_database()")
    database = sql.Identifier(cursor.fetchone()[0])
    for name, value in wanted.items():
        if (known.get(name) or "").replace('"', "") != value:
            given = _path() if name == "search_path" else sql.Literal(value)
            statement = sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                sql.Identifier(role), database, sql.Identifier(name), given
            )
            cursor.execute(statement)


def _wait_for_path(connection: BaseDatabaseWrapper) -> None:
    """Return when new statements use our schema.

    Behind a pooler, older connections still have the old path: idle ones of our role
    are ended, and the pooler opens new ones.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while current_schema(connection) != settings.DATABASE_SCHEMA:
        if time.monotonic() > deadline:
            raise SchemaError(
                f"New connections do not get the search_path "
                f"'{settings.DATABASE_SCHEMA}' of their role. Does the connection "
                "string or the pooler set another one?"
            )
        # The last one to end is the connection that asks.
        with suppress(OperationalError), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user"
                " AND state = 'idle' AND pid <> pg_backend_pid()"
            )
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        _disconnect(connection)


def _revocations(owner: str, strangers: Sequence[str]) -> Iterator[sql.Composed]:
    """Yield statements that revoke the schema, its contents and its default privileges."""
    schema = sql.Identifier(settings.DATABASE_SCHEMA)
    for stranger in strangers:
        who = sql.SQL("PUBLIC") if stranger == "PUBLIC" else sql.Identifier(stranger)
        yield sql.SQL("REVOKE ALL ON SCHEMA {} FROM {}").format(schema, who)
        for kind in ("TABLES", "SEQUENCES", "ROUTINES"):
            yield sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA {} FROM {}").format(
                sql.SQL(kind), schema, who
            )
            yield sql.SQL(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} REVOKE ALL ON {} FROM {}"
            ).format(sql.Identifier(owner), schema, sql.SQL(kind), who)
    # PUBLIC may execute new functions unless this is revoked without IN SCHEMA; the
    # form with IN SCHEMA has no effect (tested).
    yield sql.SQL(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE EXECUTE ON ROUTINES FROM PUBLIC"
    ).format(sql.Identifier(owner))


def _grants(owner: str, runtime: str, tables: Sequence[str]) -> Iterator[sql.Composed]:
    """Yield grants for a runtime role that is not the owner: no DDL, no TRUNCATE."""
    if runtime == owner:
        return
    schema, who = sql.Identifier(settings.DATABASE_SCHEMA), sql.Identifier(runtime)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, who)
    for what, kind in (("USAGE, SELECT", "SEQUENCES"), ("EXECUTE", "ROUTINES")):
        yield sql.SQL("GRANT {} ON ALL {} IN SCHEMA {} TO {}").format(
            sql.SQL(what), sql.SQL(kind), schema, who
        )
    for table in tables:
        name = sql.Identifier(settings.DATABASE_SCHEMA, table)
        rights = settings.DATABASE_RIGHTS.get(table, settings.DATABASE_ALL_RIGHTS)
        others = [right for right in TABLE_RIGHTS if right not in rights]
        yield sql.SQL("GRANT {} ON {} TO {}").format(_listed(rights), name, who)
        yield sql.SQL("REVOKE {} ON {} FROM {}").format(_listed(others), name, who)


def _listed(rights: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(right) for right in rights)


def _path() -> sql.Composed:
    schema = sql.Identifier(settings.DATABASE_SCHEMA)
    return sql.SQL("{}, pg_temp").format(schema)


def _pin_functions(cursor: Any) -> None:
    """Set the search path in every function that has another one or none."""
    cursor.execute(UNPINNED, {"schema": settings.DATABASE_SCHEMA})
    for (signature,) in cursor.fetchall():
        # The server wrote the signature, with its names quoted.
        routine = sql.SQL(signature)
        cursor.execute(
            sql.SQL("ALTER ROUTINE {} SET search_path = {}").format(routine, _path())
        )


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace"
        " AND relkind IN ('r', 'p') ORDER BY 1",
        [_quoted(settings.DATABASE_SCHEMA)],
    )
    return [name for (name,) in cursor.fetchall()]


def _protect_table(cursor: Any, table: str, ours: Sequence[str]) -> None:
    """Enable row security on a table, with one policy for our roles.

    It is forced: the owner, too, reads by the policy.
    """
    name = sql.Identifier(settings.DATABASE_SCHEMA, table)
    cursor.execute(
        "SELECT c.relrowsecurity AND c.relforcerowsecurity, p.polroles <@ r.oids"
        " AND r.oids <@ p.polroles FROM pg_class c"
        " CROSS JOIN (SELECT array_agg(oid) AS oids FROM pg_roles"
        " WHERE rolname = ANY(%s)) r"
        " LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = %s"
        " WHERE c.oid = %s::regclass",
        [list(ours), POLICY, f"{_quoted(settings.DATABASE_SCHEMA)}.{_quoted(table)}"],
    )
    is_secured, is_ours = cursor.fetchone()
    if not is_secured:
        cursor.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
        cursor.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(name))
    if not is_ours:
        policy = sql.Identifier(POLICY)
        who = sql.SQL(", ").join(map(sql.Identifier, ours))
        cursor.execute(sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(policy, name))
        cursor.execute(
            sql.SQL(
                "CREATE POLICY {} ON {} TO {} USING (true) WITH CHECK (true)"
            ).format(policy, name, who)
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _disconnect(connection: BaseDatabaseWrapper) -> None:
    connection.close()
    close_pool = getattr(connection, "close_pool", None)
    if close_pool is not None:
        close_pool()

"""Inspect the system catalogs: who can reach our schema, and what lies outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings

from easymo.database.schema import POLICY, UNPINNED

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

OUR_APPS = ("agents", "rollout", "vouchers")
# Names that an earlier system may use in a schema of its own.
COMMON_NAMES = ("profiles", "vouchers")
# Each query returns sentences; no rows is good. %(schema)s, %(ours)s: role names.
OPEN_SCHEMA = """
SELECT format('%%s may use the schema.', coalesce(r.rolname, 'PUBLIC'))
FROM pg_namespace n
CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = %(schema)s AND coalesce(r.rolname, 'PUBLIC') <> ALL(%(ours)s)
"""
OPEN_RELATIONS = """
SELECT DISTINCT format('%%s holds %%s on %%s.',
                       coalesce(r.rolname, 'PUBLIC'), a.privilege_type, c.relname)
FROM pg_class c
CROSS JOIN aclexplode(coalesce(c.relacl,
    acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
  AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  AND coalesce(r.rolname, 'PUBLIC') <> ALL(%(ours)s)
"""
OPEN_COLUMNS = """
SELECT DISTINCT format('%%s holds %%s on column %%s of %%s.',
       coalesce(r.rolname, 'PUBLIC'), a.privilege_type, t.attname, c.relname)
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
CROSS JOIN aclexplode(t.attacl) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
  AND coalesce(r.rolname, 'PUBLIC') <> ALL(%(ours)s)
"""
OPEN_FUNCTIONS = """
SELECT format('%%s may execute %%s.', coalesce(r.rolname, 'PUBLIC'), p.proname)
FROM pg_proc p
CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                     AND d.objid = p.oid AND d.deptype = 'e')
  AND coalesce(r.rolname, 'PUBLIC') <> ALL(%(ours)s)
"""
UNPINNED_FUNCTIONS = f"""
SELECT format('Function %%s has another search_path.', u.name)
FROM ({UNPINNED}) u (name)
"""  # noqa: S608  (a constant)
UNWALLED = """
SELECT format('Table %%s has no row security.', c.relname)
FROM pg_class c
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
  AND c.relkind IN ('r', 'p')
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
      SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = %(policy)s))
"""
STRANGE_POLICIES = """
SELECT format('Table %%s has the policy %%s, which is not ours.', c.relname, p.polname)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
  AND p.polname <> %(policy)s AND p.polpermissive
"""
# A name alone proves nothing: an earlier system may have `vouchers` in public.
ELSEWHERE = """
SELECT format('Our table %%s lies in the schema %%s.', c.relname, n.nspname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> %(schema)s
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (c.oid = to_regclass(quote_ident(c.relname)) AND c.relname = ANY(%(tables)s)
       OR c.relname = ANY(%(labelled)s))
"""
QUERIES = (
    OPEN_SCHEMA,
    OPEN_RELATIONS,
    OPEN_COLUMNS,
    OPEN_FUNCTIONS,
    UNPINNED_FUNCTIONS,
    UNWALLED,
    STRANGE_POLICIES,
    ELSEWHERE,
)


def findings(connection: BaseDatabaseWrapper) -> list[str]:
    """Return a sentence for everything that is open or in the wrong schema."""
    found: list[str] = []
    with connection.cursor() as cursor:
        values = _values(cursor)
        for query in QUERIES:
            cursor.execute(query, values)
            found += [sentence for (sentence,) in cursor.fetchall()]
    return sorted(set(found))


def is_migrated(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether our schema holds any table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_tables"
            " WHERE schemaname = %s AND tablename = 'django_migrations'",
            [settings.DATABASE_SCHEMA],
        )
        return cursor.fetchone() is not None


def _values(cursor: Any) -> dict[str, Any]:
    cursor.execute(
        "SELECT current_user, pg_get_userbyid(nspowner)"
        " FROM pg_namespace WHERE nspname = %s",
        [settings.DATABASE_SCHEMA],
    )
    row = cursor.fetchone() or ()
    ours = {str(name) for name in row} | {settings.DATABASE_RUNTIME_ROLE}
    tables = {
        model._meta.db_table for model in apps.get_models(include_auto_created=True)
    }
    return {
        "schema": settings.DATABASE_SCHEMA,
        "policy": POLICY,
        "ours": sorted(ours),
        "tables": sorted(tables),
        "labelled": sorted(
            model._meta.db_table
            for model in apps.get_models(include_auto_created=True)
            if model._meta.app_label in OUR_APPS
            and model._meta.db_table not in COMMON_NAMES
        ),
    }

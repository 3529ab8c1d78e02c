"""Let PostgreSQL refuse what is written to a table, with an error of its own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

# What passes: no disk, read-only, no memory, too many connections, a deadlock, too
# long a statement, too long a wait for a lock, an administrator's stop.
PASSING = ["53100", "25006", "53200", "53300", "40P01", "57014", "55P03", "57P01"]
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table}
FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@contextmanager
def refusing(table: str, code: str) -> Iterator[None]:
    """Refuse every row of the table that is inserted or changed in the block."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE.format(table=table, code=code))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse CASCADE")

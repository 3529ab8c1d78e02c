"""Read the database of the earlier system: read-only, in batches, whatever its columns.

Every value is read as text, so that no type of a column changes how it is understood.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

type SourceRow = dict[str, str | None]

CONNECT_SECONDS = 10
BATCH = 500
# No column that is read is longer; a longer value is cut and then refused.
LONGEST = 500
MOST_STATIONS = 10_000
# The time limits hold for each fetch. Row security must not hide rows silently.
SESSION = """
SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '5s';
SET LOCAL idle_in_transaction_session_timeout = '15min';
SET LOCAL row_security = off; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO';
SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL extra_float_digits = 1
"""
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, NULL)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND a.attnum > 0 AND NOT a.attisdropped
"""
PROFILE_COLUMNS = (
    *("id", "user_id", "whatsapp_e164", "wa_id", "phone_number", "msisdn", "phone"),
    *("display_name", "full_name", "name", "language", "locale", "role", "roles"),
    *("is_admin", "created_at"),
)
VOUCHER_COLUMNS = (
    *("id", "code", "code5", "code_5", "amount_minor", "amount", "value", "currency"),
    *("status", "user_id", "owner_id", "customer_id", "whatsapp_e164", "msisdn"),
    *("customer_msisdn", "policy_number", "qr_payload", "created_by"),
    *("issued_by_admin", "issued_at", "created_at", "redeemed_at", "voided_at"),
    *("cancelled_at", "updated_at", "expires_at", "redeemed_by_station_id", "metadata"),
)


class SourceError(Exception):
    """The earlier database cannot be read; the text says why, without its data."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the earlier system, and those of its columns that are read."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """An open read-only transaction in the earlier database."""

    connection: psycopg.Connection[dict[str, Any]]
    schema: str

    def table(self, name: str, wanted: Sequence[str]) -> Table | None:
        """Return the table with the wanted columns that exist; None without it."""
        found = {row["attname"] for row in self._columns(name)}
        if "code_hmac" in found:
            raise SourceError(
                f"{self.schema}.{name} is a table of this product, not of the earlier"
                " system. Name another database or --schema."
            )
        columns = tuple(column for column in wanted if column in found)
        return Table(name, columns) if columns else None

    def batches(
        self, table: Table, *, order: Sequence[str]
    ) -> Iterator[list[SourceRow]]:
        """Yield all rows in batches, through a cursor on the server."""
        keys = [key for key in order if key in table.columns]
        statement = sql.SQL("SELECT {} FROM {} t{}").format(
            self._as_text(table),
            sql.Identifier(self.schema, table.name),
            sql.SQL(" ORDER BY ") + _names(keys) if keys else sql.SQL(""),
        )
        with self.connection.cursor(name=f"import_{table.name}") as cursor:
            cursor.execute(statement)
            while batch := cursor.fetchmany(BATCH):
                yield batch

    def redemptions(
        self, ids: Sequence[str]
    ) -> dict[str, tuple[int, str | None]] | None:
        """Return how often each voucher was redeemed, and when first.

        None: there is no table of redemptions.
        """
        table = self.table("voucher_redemptions", ("voucher_id", "redeemed_at"))
        if table is None or "voucher_id" not in table.columns:
            return None
        first = "min(redeemed_at)::text" if "redeemed_at" in table.columns else "NULL"
        statement = sql.SQL(
            "SELECT voucher_id::text AS id, count(*) AS number, {} AS first FROM {}"
            " WHERE voucher_id::text = ANY(%s) GROUP BY voucher_id"
        ).format(sql.SQL(first), sql.Identifier(self.schema, table.name))
        rows = self.connection.execute(statement, [list(ids)])
        return {row["id"]: (row["number"], row["first"]) for row in rows}

    def station_codes(self) -> dict[str, str]:
        """Return the code of each station by its id there."""
        codes: dict[str, str] = {}
        for name in ("petrol_stations", "stations"):
            table = self.table(name, ("id", "engencode"))
            if table is None or len(table.columns) < 2:
                continue
            statement = sql.SQL("SELECT {} FROM {} t LIMIT {}").format(
                self._as_text(table),
                sql.Identifier(self.schema, name),
                sql.Literal(MOST_STATIONS),
            )
            for row in self.connection.execute(statement):
                if row["id"] and row["engencode"]:
                    codes.setdefault(row["id"], row["engencode"].strip().upper())
        return codes

    def _columns(self, name: str) -> list[dict[str, Any]]:
        return self.connection.execute(COLUMNS, [self.schema, name]).fetchall()

    def _as_text(self, table: Table) -> sql.Composed:
        types = {
            row["attname"]: row["format_type"] for row in self._columns(table.name)
        }
        return sql.SQL(", ").join(
            _column(column, types[column]) for column in table.columns
        )


@contextmanager
def opened(dsn: str, *, schema: str) -> Iterator[Source]:
    """Open the earlier database. Raises SourceError for every error of its server."""
    try:
        connection = psycopg.connect(
            dsn,
            connect_timeout=CONNECT_SECONDS,
            application_name="easymo import",
            client_encoding="utf8",
            prepare_threshold=None,
            row_factory=dict_row,
        )
    except (psycopg.Error, UnicodeError) as error:
        raise SourceError(
            "The earlier database does not answer, or refuses the sign-in. Check the"
            " address, and the password in the environment or in ~/.pgpass."
        ) from error
    try:
        with connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for statement in SESSION.split(";"):
                connection.execute(statement.encode())
            yield Source(connection, schema)
    except psycopg.Error as error:
        raise SourceError(
            f"The earlier database did not let us read: {type(error).__name__}."
            " What was taken before stays; run the command again."
        ) from error


def _column(name: str, data_type: str) -> sql.Composed:
    """Return a column as text. Of metadata only the number is read."""
    column = sql.Identifier("t", name)
    if name == "metadata":
        is_json = data_type in {"json", "jsonb"}
        form = "left({} ->> 'msisdn', {})" if is_json else "NULL::text"
        value = sql.SQL(form).format(
            *([column, sql.Literal(LONGEST)] if is_json else [])
        )
    else:
        value = sql.SQL("left({}::text, {})").format(column, sql.Literal(LONGEST))
    return sql.SQL("{} AS {}").format(value, sql.Identifier(name))


def _names(keys: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} NULLS LAST").format(sql.Identifier("t", key)) for key in keys
    )

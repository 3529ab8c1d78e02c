"""A database of the earlier system, in each of its schemas."""

from __future__ import annotations

import itertools
import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests import databases

if TYPE_CHECKING:
    from collections.abc import Iterator

STATION = "00000000-0000-4000-8000-00000000aaaa"
# The first release, the deployed one, and the one of the voice agent.
SCHEMAS: dict[str, dict[str, str]] = {
    "first": {
        "profiles": "user_id uuid PRIMARY KEY, whatsapp_e164 text, ref_code text,"
        " credits_balance integer, locale text, created_at timestamptz",
        "vouchers": "id uuid PRIMARY KEY, code_5 text, amount_minor integer,"
        " currency text, status text, user_id uuid, whatsapp_e164 text,"
        " policy_number text, qr_payload text, issued_by_admin uuid,"
        " issued_at timestamptz, redeemed_at timestamptz, expires_at timestamptz,"
        " updated_at timestamptz, redeemed_by_station_id uuid",
        "voucher_redemptions": "id serial PRIMARY KEY, voucher_id uuid,"
        " redeemed_at timestamptz",
        "petrol_stations": "id uuid PRIMARY KEY, name text, engencode text",
    },
    "deployed": {
        "profiles": "id uuid PRIMARY KEY, user_id uuid, whatsapp_e164 text,"
        " phone_number text, wa_id text, full_name text, language text, role text,"
        " created_at timestamptz",
        "vouchers": "id text, code5 text, code_5 text, amount_minor numeric,"
        " amount numeric(14, 2), currency text, status text, user_id uuid,"
        " whatsapp_e164 text, policy_number text, qr_payload text, created_by uuid,"
        " metadata jsonb, issued_at timestamptz, created_at timestamptz,"
        " redeemed_at timestamptz, expires_at timestamptz, updated_at timestamptz",
        "voucher_redemptions": "id serial PRIMARY KEY, voucher_id text,"
        " redeemed_at timestamptz",
        "stations": "id uuid PRIMARY KEY, name text, engencode text",
    },
    "voice": {
        "profiles": "id bigint PRIMARY KEY, wa_id text, display_name text,"
        " roles text[], is_admin boolean",
        "vouchers": "id bigint PRIMARY KEY, code text, value double precision,"
        " status text, user_id bigint, customer_msisdn text, created_at timestamp,"
        " expires_at timestamp, redeemed_at timestamp",
    },
}


class Earlier:
    """The database, and what its rows say unless a test says otherwise."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str) -> None:
        self.connection = connection
        self.schema = schema
        self.ids = itertools.count(1001)
        self.dsn = make_conninfo(
            host=settings.DATABASES["default"]["HOST"],
            port=settings.DATABASES["default"]["PORT"] or None,
            user=settings.DATABASES["default"]["USER"],
            password=settings.DATABASES["default"]["PASSWORD"] or None,
            dbname=connection.info.dbname,
        )
        for table, columns in SCHEMAS[schema].items():
            self.run(f"CREATE TABLE {table} ({columns})")

    def run(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    def add(self, table: str, **values: Any) -> str:
        """Add a row, and return its id."""
        columns = SCHEMAS[self.schema][table]
        key = "user_id" if columns.startswith("user_id") else "id"
        if " bigint PRIMARY" in columns:
            # A random id of nine digits may read like a number, and is masked then.
            values.setdefault(key, next(self.ids))
        elif "serial" not in columns:
            values.setdefault(key, str(uuid.uuid4()))
        self.connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Placeholder() * len(values)),
            ),
            [
                json.dumps(each) if isinstance(each, dict) else each
                for each in values.values()
            ],
        )
        return str(values.get(key, ""))

    def person(self, number: str = "+250788111001", **values: Any) -> str:
        column = "wa_id" if self.schema == "voice" else "whatsapp_e164"
        return self.add("profiles", **{column: number, **values})

    def voucher(self, **values: Any) -> str:
        """Add a voucher that is valid unless a value says otherwise."""
        usual: dict[str, Any] = {"status": "issued", "expires_at": "2099-01-31 10:00"}
        if self.schema == "voice":
            usual |= {"value": 2000, "created_at": "2025-10-10 09:00"}
        else:
            usual |= {
                "amount_minor": 2000,
                "currency": "RWF",
                "qr_payload": "VC:xyz",
                "issued_at": "2025-10-10 09:00+00",
            }
        return self.add("vouchers", **usual | values)


@contextmanager
def earlier_database(schema: str) -> Iterator[Earlier]:
    """Make a database of the earlier system for a while."""
    name = f"{databases.PREFIX}_earlier_{uuid.uuid4().hex[:8]}"
    with databases.server() as maintenance:
        maintenance.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(
                sql.Identifier(name)
            )
        )
    try:
        with databases.server(name) as connection:
            yield Earlier(connection, schema)
    finally:
        with databases.server() as maintenance:
            maintenance.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )

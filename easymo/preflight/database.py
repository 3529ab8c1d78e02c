"""Pre-flight lines about the database: reachable, migrated, closed, LISTEN works."""

from __future__ import annotations

import secrets
import time

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from easymo.database import catalog, queue_connector
from easymo.database.clock import LONGEST_SILENCE_S, worker_silence
from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    warning,
)

# The guide names these two tables.
TABLES = ("profiles", "vouchers")
HEARD_WITHIN_S = 1.0
CONNECT_S = 5


@line(
    "database.reachable",
    "The database answers, and every migration is applied",
    Section.ENVIRONMENT,
    place=5,
    reads_rows=True,
)
def database_is_migrated(circumstances: Circumstances) -> LineResult:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return failed(
            f"{len(missing)} migrations are not applied.",
            "Run `python manage.py migrate`.",
            "DATABASE_URL",
        )
    version = connection.cursor().connection.info.server_version
    if version < 150_000:
        return failed(
            "The server is older than PostgreSQL 15.",
            "Use 15 or later.",
            "DATABASE_URL",
        )
    return ok(f"PostgreSQL {version // 10_000}; every migration is applied.")


@line(
    "database.tables",
    "The schema holds profiles and vouchers, closed to all other roles",
    Section.ENVIRONMENT,
    place=6,
    reads_rows=True,
)
def tables_are_closed(circumstances: Circumstances) -> LineResult:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s"
            " AND tablename = ANY(%s)",
            [settings.DATABASE_SCHEMA, list(TABLES)],
        )
        present = {name for (name,) in cursor.fetchall()}
    if missing := [name for name in TABLES if name not in present]:
        return failed(
            f"The schema '{settings.DATABASE_SCHEMA}' has no {' and no '.join(missing)}.",
            "Run `python manage.py migrate`.",
            "DATABASE_SCHEMA",
        )
    open_doors = catalog.findings(connection)
    circumstances.message("database.W001")
    if message := circumstances.message("database.E002"):
        return failed(str(message.msg), str(message.hint), "DATABASE_SCHEMA")
    if open_doors:
        more = f" And {len(open_doors) - 3} more." if len(open_doors) > 3 else ""
        return failed(
            " ".join(open_doors[:3]) + more,
            "`python manage.py migrate` closes what is open in our schema; a table "
            "of this product elsewhere was created by hand: move it.",
            "DATABASE_SCHEMA",
        )
    return ok("Both are there; no other role may look into the schema.")


@line(
    "database.notices",
    "A flip of a feature is heard at once (LISTEN)",
    Section.RUNNING,
    reads_rows=True,
)
def notices_are_heard(circumstances: Circumstances) -> LineResult:
    """Send a NOTIFY and wait for it: LISTEN fails silently through some poolers."""
    circumstances.message("database.W002")
    parameters = queue_connector.connect_parameters()
    polling = "Flips are polled for, which takes 600 ms at most, and jobs every 200 ms."
    if parameters is None:
        return warning(
            f"DATABASE_URL is a pooler in transaction mode. {polling}",
            "Give a direct or session connection besides.",
            "DATABASE_LISTEN_URL",
        )
    try:
        milliseconds = _round_trip({**parameters, "connect_timeout": CONNECT_S})
    except psycopg.Error as error:
        return warning(
            f"The connection to listen on failed ({type(error).__name__}). {polling}",
            "See that DATABASE_LISTEN_URL, or else DATABASE_URL, can be connected to.",
            "DATABASE_LISTEN_URL",
        )
    if milliseconds is None:
        return warning(
            f"A ring was not heard within {HEARD_WITHIN_S:g} s. {polling}",
            "DATABASE_LISTEN_URL must reach the same database, directly or by session.",
            "DATABASE_LISTEN_URL",
        )
    return ok(f"A notification arrived after {milliseconds:.0f} ms.")


def _round_trip(parameters: dict[str, object]) -> float | None:
    channel = f"easymo_preflight_{secrets.token_hex(8)}"
    ours = {**queue_connector.direct_parameters(), "connect_timeout": CONNECT_S}
    with (
        psycopg.connect(**parameters, autocommit=True) as hearing,  # type: ignore[arg-type]
        psycopg.connect(**ours, autocommit=True, prepare_threshold=None) as ringing,
    ):
        hearing.execute(f"LISTEN {channel}".encode())
        started = time.monotonic()
        ringing.execute("SELECT pg_notify(%s, '')", [channel])
        for _ in hearing.notifies(timeout=HEARD_WITHIN_S, stop_after=1):
            return (time.monotonic() - started) * 1_000
    return None


@line("database.worker", "A worker is at work", Section.RUNNING, reads_rows=True)
def worker_is_alive(circumstances: Circumstances) -> LineResult:
    silence = worker_silence()
    remedy = "Start one: `python manage.py procrastinate worker`."
    if silence is None:
        return circumstances.lacking("No worker has reported.", remedy)
    if silence > LONGEST_SILENCE_S:
        return circumstances.lacking(
            f"The last worker is silent for {silence:.0f} s.", remedy
        )
    return ok(f"One reported {silence:.0f} s ago.")

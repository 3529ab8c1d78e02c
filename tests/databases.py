"""Databases for tests: one migrated template, cloned for each test that commits.

Append-only triggers forbid flushing, so a test that commits gets a clone of its
own, which is dropped afterwards. Works on the embedded server and on the one that
DATABASE_URL names.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import os
import shutil
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

from easymo.development.embedded import Cluster, hold_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "1h",
    # Databases that live for a moment: nothing to clean up, nothing to compile.
    "autovacuum": "off",
    "jit": "off",
}
MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3
PREFIX = f"test_{zlib.crc32(str(ROOT).encode()):08x}"
_numbers = itertools.count(1)


def start_server() -> None:
    """Start the suite's server; one named by DATABASE_URL is there already."""
    if settings.USES_OWN_SERVER:
        hold_cluster(
            Cluster(home=settings.TEST_CLUSTER_HOME, options=FAST, data_root=memory())
        )


def memory() -> Path | None:
    """Return a file system in memory, where this machine has one with room enough.

    Each clone makes and drops a thousand files: some disks take ten times as long.
    """
    try:
        known = dict(
            line.split(":") for line in Path("/proc/meminfo").read_text().splitlines()
        )
        free = int(known["MemAvailable"].split()[0]) * 1024
        room = min(free, shutil.disk_usage(MEMORY).free)
    except (OSError, KeyError):
        return None
    return MEMORY if room > ROOM and os.access(MEMORY, os.W_OK) else None


@contextmanager
def server(name: str = "postgres") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Open a connection outside Django, in autocommit; to no test's database."""
    configured = settings.DATABASES["default"]
    with psycopg.connect(
        host=configured["HOST"],
        port=configured["PORT"] or None,
        user=configured["USER"],
        password=configured["PASSWORD"] or None,
        dbname=name,
        autocommit=True,
    ) as maintenance:
        yield maintenance


def template() -> str:
    """Return the migrated template's name; make it when the schema changed."""
    name = f"{PREFIX}_template_{_schema_digest()}"
    with server() as maintenance:
        key = zlib.crc32(PREFIX.encode())
        maintenance.execute("SELECT pg_advisory_lock(%s)", [key])
        known = maintenance.execute(
            "SELECT datallowconn FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if known is None or known[0]:
            _drop_leftovers(maintenance)
            _drop(maintenance, name)
            _execute(maintenance, "CREATE DATABASE {} TEMPLATE template0", name)
            with using(name):
                call_command("migrate", verbosity=0, interactive=False)
            # No more connections: a template in use cannot be cloned.
            _execute(maintenance, "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
    return name


@contextmanager
def clone(name_of_template: str, *, label: str) -> Iterator[str]:
    """Give a copy of the template for a while."""
    name = f"{PREFIX}_{os.getpid()}_{label}_{next(_numbers)}"
    with server() as maintenance:
        maintenance.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(name_of_template)
            )
        )
        maintenance.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = {}, pg_temp").format(
                sql.Identifier(name), sql.Identifier(settings.DATABASE_SCHEMA)
            )
        )
    try:
        yield name
    finally:
        with server() as maintenance:
            _drop(maintenance, name)


@contextmanager
def using(name: str) -> Iterator[None]:
    """Point Django, in every thread, at a database for a while."""
    # All threads' wrappers share this one dictionary.
    configured = connections.settings["default"]
    before = configured["NAME"]
    connections.close_all()
    configured["NAME"] = name
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        configured["NAME"] = before
        connection.settings_dict["NAME"] = before


@contextmanager
def empty(*, label: str) -> Iterator[str]:
    """Give a database with nothing in it for a while."""
    name = f"{PREFIX}_{os.getpid()}_{label}_{next(_numbers)}"
    with server() as maintenance:
        _execute(maintenance, "CREATE DATABASE {} TEMPLATE template0", name)
    try:
        yield name
    finally:
        with server() as maintenance:
            _drop(maintenance, name)


def url(name: str | None = None, *, user: str | None = None) -> str:
    """Return the URL of a database, for processes that a test starts."""
    found = connection.settings_dict
    host, port = str(found["HOST"]), found["PORT"]
    account = user or found["USER"]
    secret = "" if user or not found["PASSWORD"] else f":{found['PASSWORD']}"
    if user:
        secret = ":" + quote("only on this machine")
    if host.startswith("/"):
        return f"postgresql://{account}{secret}@/{name or found['NAME']}?host={host}"
    place = f"{host}:{port}" if port else host
    return f"postgresql://{account}{secret}@{place}/{name or found['NAME']}"


def _schema_digest() -> str:
    """Tell one state of the schema from another by the files that make it."""
    seen = hashlib.sha256(settings.DATABASE_SCHEMA.encode())
    for package in ("django", "procrastinate", "django-waffle", "django-axes"):
        seen.update(importlib.metadata.version(package).encode())
    kinds = (
        "migrations",
        "models",
        "database",
        "settings",
        "sql",
        "apps.py",
        "models.py",
        "groups.py",
    )
    for app in ("agents", "easymo", "rollout", "vouchers"):
        for path in sorted((ROOT / app).rglob("*")):
            if path.suffix not in {".py", ".sql"} or not set(kinds) & set(path.parts):
                continue
            seen.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return seen.hexdigest()[:12]


def _drop_leftovers(maintenance: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Drop older templates, and clones whose run is gone (it was killed)."""
    rows = maintenance.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]
    ).fetchall()
    for (name,) in rows:
        part = name.removeprefix(PREFIX + "_").split("_")[0]
        if not (part.isdigit() and Path(f"/proc/{part}").exists()):
            with suppress(psycopg.Error):
                _drop(maintenance, name)


def _drop(maintenance: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    _execute(maintenance, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _execute(
    maintenance: psycopg.Connection[tuple[Any, ...]], statement: str, name: str
) -> None:
    maintenance.execute(sql.SQL(statement).format(sql.Identifier(name)))  # type: ignore[arg-type]

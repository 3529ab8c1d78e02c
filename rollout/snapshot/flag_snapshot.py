"""Check flags without a query and without a lock.

A snapshot that was not confirmed for five seconds is not trusted: the check then reads
the database, and when that fails every feature is off.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic

import psycopg
from django.conf import settings
from django.db import Error, connection

from rollout.core.probes import is_probe
from rollout.policy.effective_flag import ON, reason_for
from rollout.snapshot import reading, refreshers
from rollout.snapshot.cache import Snapshot, snapshot_cache

TRUSTED_S = 5.0
# How often a check may wait for the database while it is unavailable.
RETRY_S = 1.0


def start() -> None:
    """Start the refreshers now; otherwise the first check does."""
    if settings.ROLLOUT_REFRESH == "threads":
        refreshers.start()


def current() -> Snapshot:
    """Return a trusted snapshot or a stale one; wait only when it is old."""
    snapshot = snapshot_cache.snapshot
    if monotonic() - snapshot.confirmed_at <= TRUSTED_S:
        return snapshot
    if settings.ROLLOUT_REFRESH == "inline":
        return _read_inline()
    return _read_through()


def is_on(feature: str, subject: str | None) -> bool:
    snapshot = current()
    if snapshot.stale:
        return False
    rule = snapshot.rules.get(feature)
    return reason_for(rule, subject, is_probe=is_probe(subject)) in ON


def is_known_off(feature: str, subject: str | None) -> bool:
    """Check the last snapshot, however old: for the event loop, which must not wait."""
    inline = settings.ROLLOUT_REFRESH == "inline"
    snapshot = _read_inline() if inline else snapshot_cache.snapshot
    return not snapshot.stale and not snapshot.decide(feature, subject).on


def age() -> float | None:
    """Return the age of the snapshot in seconds; None without one."""
    return None if snapshot_cache.snapshot.stale else snapshot_cache.age()


def _read_through() -> Snapshot:
    """Let one thread read for all; the others wait one second at most."""
    refreshers.start()
    if not snapshot_cache.lock.acquire(timeout=RETRY_S):
        return replace(snapshot_cache.snapshot, stale=True)
    try:
        if snapshot_cache.age() <= TRUSTED_S:
            return snapshot_cache.snapshot
        if monotonic() - snapshot_cache.tried_at >= RETRY_S:
            _read_once()
    finally:
        snapshot_cache.lock.release()
    if snapshot_cache.age() <= TRUSTED_S:
        return snapshot_cache.snapshot
    return replace(snapshot_cache.snapshot, stale=True)


def _read_once() -> None:
    started_at = monotonic()
    try:
        with reading.own_connection() as own, own.transaction():
            own.execute("SET LOCAL statement_timeout = '1500ms'")
            snapshot_cache.publish(reading.read_flags(own), started_at=started_at)
    except psycopg.Error:
        snapshot_cache.tried_at = monotonic()


def _read_inline() -> Snapshot:
    """Read on the connection of the caller: tests see their own transaction."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _as_snapshot()
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(_as_snapshot, close=True).result()


def _as_snapshot(*, close: bool = False) -> Snapshot:
    try:
        read = reading.read_flags(connection)
    except Error:
        return replace(snapshot_cache.snapshot, stale=True)
    finally:
        if close:
            connection.close()
    return Snapshot(
        version=read.version,
        rules=read.rules,
        confirmed_at=float("-inf"),
        functions_removed=read.functions_removed,
    )

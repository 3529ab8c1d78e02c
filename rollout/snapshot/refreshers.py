"""Refresh the snapshot of this process: by LISTEN, and by polling in case a notification is lost.

The listener only wakes the poller, which reads, replaces and acknowledges. LISTEN fails
silently through a transaction pooler: there, without a DATABASE_LISTEN_URL, only the
poller runs.
"""

from __future__ import annotations

import multiprocessing.util
import os
import random
import socket
import sys
import threading
import uuid
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psycopg
from django.conf import settings

from easymo.database.answers import BoundedConnection
from easymo.observability.logs import get_logger
from rollout.snapshot import reading, watchdog
from rollout.snapshot.cache import reset, snapshot_cache

POLL_S = 0.5
ACKNOWLEDGE_S = 5.0
# The time after which the listener notices that it should stop.
LISTEN_TIMEOUT_S = 1.0
ACKNOWLEDGE = """
INSERT INTO rollout_servingprocess AS process
    (id, host, pid, role, version_seen, acknowledged_at, seen_at)
VALUES (%s, %s, %s, %s, %s, clock_timestamp(), clock_timestamp())
ON CONFLICT (id) DO UPDATE SET
    seen_at = EXCLUDED.seen_at,
    acknowledged_at = CASE
        WHEN process.version_seen = EXCLUDED.version_seen
        THEN process.acknowledged_at ELSE EXCLUDED.acknowledged_at END,
    version_seen = EXCLUDED.version_seen
"""
UNREGISTER = "DELETE FROM rollout_servingprocess WHERE id = %s"
UNREGISTER_WAIT_S = 1.0
# Before finalizers without a priority.
UNREGISTER_PRIORITY = 10
logger = get_logger(__name__)


@dataclass
class Refreshers:
    """The two threads of one process."""

    process_id: uuid.UUID = field(default_factory=uuid.uuid4)
    wake_up: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    acknowledged: tuple[int, float] = (-1, float("-inf"))
    at_end: multiprocessing.util.Finalize | None = None

    def start(self) -> None:
        jobs = [self.poll]
        if settings.DATABASE_LISTEN is not None:
            jobs.append(self.listen)
        self.threads = [
            threading.Thread(target=job, name=f"rollout-{job.__name__}", daemon=True)
            for job in jobs
        ]
        for thread in self.threads:
            thread.start()
        # Runs at the end of a process, also of a forked one.
        self.at_end = multiprocessing.util.Finalize(
            None, self.unregister, exitpriority=UNREGISTER_PRIORITY
        )

    def is_alive(self) -> bool:
        return bool(self.threads) and all(t.is_alive() for t in self.threads)

    def stop(self) -> None:
        if self.at_end is not None:
            self.at_end.cancel()
        self.stopping.set()
        self.wake_up.set()
        for thread in self.threads:
            thread.join(timeout=5)

    def unregister(self) -> None:
        """Delete the row of this process, so that it does not count as silent."""
        self.stopping.set()
        self.wake_up.set()
        # Otherwise the poller could write the row again.
        self.threads[0].join(timeout=UNREGISTER_WAIT_S)
        try:
            with reading.own_connection() as own:
                own.execute(UNREGISTER, [self.process_id])
        except (psycopg.Error, OSError) as error:
            logger.info("rollout.goodbye.unheard", error=type(error).__name__)

    def poll(self) -> None:
        while not self.stopping.is_set():
            try:
                with reading.own_connection() as own:
                    while not self.stopping.is_set():
                        self.refresh(own)
                        self.wait(POLL_S)
            except (psycopg.Error, OSError) as error:
                logger.warning("rollout.poll.error", error=type(error).__name__)
                self.wait(POLL_S)

    def wait(self, seconds: float) -> None:
        self.wake_up.wait(seconds * random.uniform(0.8, 1.2))  # noqa: S311
        self.wake_up.clear()

    def refresh(self, own: psycopg.Connection[Any]) -> None:
        """Read the epoch; read the flags and acknowledge only when it changed."""
        started_at = monotonic()
        pulse = reading.read_epoch(own)
        watch = snapshot_cache.watchdog
        watch.observe(pulse.ticked_at, is_exposed=pulse.is_exposed, now=started_at)
        if (
            snapshot_cache.snapshot.stale
            or pulse.version != snapshot_cache.snapshot.version
            or watch.is_unwatched != snapshot_cache.snapshot.unwatched
        ):
            snapshot_cache.publish(reading.read_flags(own), started_at=started_at)
        else:
            snapshot_cache.confirm(started_at=started_at)
        if watch.must_page():
            self.page(watch.silent_s)
        version, at = self.acknowledged
        if (
            version != snapshot_cache.snapshot.version
            or started_at - at > ACKNOWLEDGE_S
        ):
            self.acknowledge(own)

    def page(self, silent_s: float) -> None:
        """Report the silence in threads of their own, without delaying the poller."""
        for report in watchdog.on_silence:
            threading.Thread(
                target=report, args=[silent_s], name="rollout-page", daemon=True
            ).start()

    def acknowledge(self, own: psycopg.Connection[Any]) -> None:
        version = snapshot_cache.snapshot.version
        host = socket.gethostname()[:100]
        own.execute(ACKNOWLEDGE, [self.process_id, host, os.getpid(), role(), version])
        self.acknowledged = (version, monotonic())

    def listen(self) -> None:
        while not self.stopping.is_set():
            try:
                with listening() as raw:
                    self.wake_up.set()
                    self.receive_notifications(raw)
            except (psycopg.Error, OSError) as error:
                logger.warning("rollout.listen.error", error=type(error).__name__)
                self.stopping.wait(random.uniform(0.2, 1.0))  # noqa: S311

    def receive_notifications(self, raw: psycopg.Connection[Any]) -> None:
        raw.execute("LISTEN rollout")
        while not self.stopping.is_set():
            for _ in raw.notifies(timeout=LISTEN_TIMEOUT_S, stop_after=1):
                self.wake_up.set()


def listening() -> psycopg.Connection[Any]:
    """Open the connection for LISTEN, which needs a session."""
    elsewhere: dict[str, Any] | None = settings.DATABASE_LISTEN
    if not elsewhere:
        return reading.own_connection()
    # Replaces the time-out of the setting.
    wanted: dict[str, Any] = {**elsewhere, "connect_timeout": 5, "keepalives_idle": 5}
    return BoundedConnection.connect(**wanted, autocommit=True)


def role() -> str:
    return "worker" if "procrastinate" in sys.argv else "web"


_start_lock = threading.Lock()
_running: Refreshers | None = None


def start() -> None:
    """Start the refreshers unless they are alive. Cheap and idempotent."""
    global _running  # noqa: PLW0603
    with _start_lock:
        if _running is None or not _running.is_alive():
            _running = Refreshers()
            _running.start()


def stop() -> None:
    """Stop the threads and reset the snapshot."""
    global _running  # noqa: PLW0603
    with _start_lock:
        if _running is not None:
            _running.stop()
        _running = None
    reset()


def _after_fork() -> None:
    global _running, _start_lock  # noqa: PLW0603
    _running = None
    _start_lock = threading.Lock()
    reset()


os.register_at_fork(after_in_child=_after_fork)

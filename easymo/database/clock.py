"""Whether a worker is at work: each of them reports every 10 seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from datetime import datetime


def now() -> datetime:
    """Return the time by the database's clock: the same for whoever shares its rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


LONGEST_SILENCE_S = 45
SILENCE = (
    "SELECT extract(epoch FROM now() - max(last_heartbeat))::float8"
    " FROM procrastinate_workers"
)


def worker_silence() -> float | None:
    """Return for how many seconds no worker has reported; None: there is none."""
    with connection.cursor() as cursor:
        cursor.execute(SILENCE)
        (silence,) = cursor.fetchone() or (None,)
    return None if silence is None else float(silence)

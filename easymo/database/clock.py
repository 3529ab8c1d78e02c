"""The database's clock, and how long ago a worker last reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from datetime import datetime


def now() -> datetime:
    """Return the time of the database's clock, which all processes share."""
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
    """Return for how many seconds no worker has reported; None: no worker."""
    with connection.cursor() as cursor:
        cursor.execute(SILENCE)
        (silence,) = cursor.fetchone() or (None,)
    return None if silence is None else float(silence)

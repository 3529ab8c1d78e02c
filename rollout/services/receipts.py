"""Who has taken a change in: read from the rows that each process writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, sleep

from django.db import connection

from rollout import clock
from rollout.models import ServingProcess

# A process that has said nothing for so long is taken for gone.
SILENT_S = 30
# And this long after it nobody asks any more when that was.
GONE_FOR = timedelta(days=1)
WAIT_S = 1.5
PAUSE_S = 0.02
# The change's own moment; one of long ago is not what is waited for: nothing moved.
MOMENTS = """
SELECT clock_timestamp(),
    (SELECT changed_at FROM rollout_epoch
     WHERE changed_at > clock_timestamp() - make_interval(secs => %s))
"""
COUNT = """
SELECT
    count(*),
    count(*) FILTER (WHERE version_seen >= %(epoch)s),
    extract(epoch FROM max(acknowledged_at - %(changed_at)s)
        FILTER (WHERE version_seen >= %(epoch)s AND began_at <= %(changed_at)s)) * 1000
FROM rollout_servingprocess
WHERE seen_at > %(committed_at)s - make_interval(secs => %(silent)s)
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """`acknowledged` of `processes` have it; the slowest of them `ms` after the change.

    A process begun since took it in with its start: nobody waited for that.
    """

    epoch: int
    processes: int
    acknowledged: int
    ms: int

    @property
    def is_complete(self) -> bool:
        return self.acknowledged >= self.processes

    def __str__(self) -> str:
        if not self.processes:
            return "no process is running"
        told = f"acknowledged by {self.acknowledged} of {self.processes}"
        return f"{told} in {self.ms} ms" if self.ms else told


def await_receipt(epoch: int, *, wait: float = WAIT_S) -> Receipt:
    """Wait, `wait` seconds at most, until every process has taken `epoch` in.

    Call it right after the commit, outside any transaction.
    """
    deadline = monotonic() + wait
    with connection.cursor() as cursor:
        cursor.execute(MOMENTS, [SILENT_S])
        committed_at, changed_at = cursor.fetchone()
        asked = {
            "epoch": epoch,
            "committed_at": committed_at,
            "changed_at": changed_at or committed_at,
            "silent": SILENT_S,
        }
        while True:
            cursor.execute(COUNT, asked)
            processes, acknowledged, ms = cursor.fetchone()
            receipt = Receipt(
                epoch=epoch,
                processes=processes,
                acknowledged=acknowledged,
                ms=max(0, round(ms or 0)),
            )
            if receipt.is_complete or monotonic() >= deadline:
                return receipt
            sleep(PAUSE_S)


def forget_gone() -> int:
    """Take away the rows of processes that ended without a word; say how many."""
    silent = clock.now() - GONE_FOR
    return ServingProcess.objects.filter(seen_at__lt=silent).delete()[0]

"""Which processes have acknowledged a change, from the rows that each writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from django.db import connection

from easymo.sentences import ntranslatable, translatable
from rollout.core import clock
from rollout.core.formatting import duration
from rollout.models import ServingProcess

if TYPE_CHECKING:
    from datetime import datetime

# A process that has not written its row for this time does not count.
SILENT_S = 30
# Rows of processes are purged after this time.
KEPT_FOR = timedelta(days=1)
WAIT_S = 1.5
PAUSE_S = 0.02
# The time of the change; an older one means that nothing changed.
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
class Acknowledgement:
    """`acknowledged` of `processes` have the epoch, the slowest `ms` after the change.

    A process that started later read it at its start and does not count for `ms`.
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
        text = f"acknowledged by {self.acknowledged} of {self.processes}"
        return f"{text} in {self.ms} ms" if self.ms else text


def await_acknowledgement(epoch: int, *, wait: float = WAIT_S) -> Acknowledgement:
    """Wait until every process has acknowledged `epoch`, `wait` seconds at most.

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
            receipt = Acknowledgement(
                epoch=epoch,
                processes=processes,
                acknowledged=acknowledged,
                ms=max(0, round(ms or 0)),
            )
            if receipt.is_complete or monotonic() >= deadline:
                return receipt
            sleep(PAUSE_S)


def purge_processes() -> int:
    """Delete the rows of processes that ended without unregistering; return the number."""
    silent = clock.now() - KEPT_FOR
    return ServingProcess.objects.filter(seen_at__lt=silent).delete()[0]


# A process that is silent for longer is not shown.
SHOWN_S = 900
MOST_PROCESSES = 200
PROCESSES = """
SELECT epoch.version, epoch.changed_at, epoch.functions_removed,
    process.role, process.host, process.pid, process.version_seen,
    CASE WHEN process.began_at <= epoch.changed_at
        THEN process.acknowledged_at - epoch.changed_at END,
    clock_timestamp() - process.seen_at
FROM rollout_epoch AS epoch
LEFT JOIN rollout_servingprocess AS process
    ON process.seen_at > clock_timestamp() - make_interval(secs => %s)
WHERE epoch.id = 1
ORDER BY process.role DESC, process.host, process.pid
LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Process:
    """One serving process, as it last wrote its row."""

    name: str
    version: int
    is_silent: bool
    is_behind: bool
    quiet_s: float
    words: str

    @property
    def is_well(self) -> bool:
        return not self.is_silent and not self.is_behind


@dataclass(frozen=True, slots=True)
class Propagation:
    """The newest epoch and the processes that acknowledged it."""

    version: int
    changed_at: datetime | None
    functions_removed: bool
    processes: tuple[Process, ...]
    slowest_ms: int

    @property
    def acknowledged(self) -> int:
        return sum(process.is_well for process in self.processes)

    @property
    def is_complete(self) -> bool:
        return bool(self.processes) and self.acknowledged == len(self.processes)

    @property
    def sentence(self) -> str:
        """Return the text: `v412 acknowledged by 9 of 9 processes in 38 ms`."""
        if not self.processes:
            return translatable(
                "v{version}: no process is running", version=self.version
            )
        total = ntranslatable(
            "v{version} acknowledged by {acknowledged} of {number} process",
            "v{version} acknowledged by {acknowledged} of {number} processes",
            len(self.processes),
            version=self.version,
            acknowledged=self.acknowledged,
            number=len(self.processes),
        )
        if not self.slowest_ms:
            return total
        return translatable("{total} in {ms} ms", total=total, ms=self.slowest_ms)


def propagation() -> Propagation:
    """Read the processes in one query."""
    with connection.cursor() as cursor:
        cursor.execute(PROCESSES, [SHOWN_S, MOST_PROCESSES])
        rows = cursor.fetchall()
    if not rows:
        return Propagation(0, None, False, (), 0)
    version, changed_at, removed = rows[0][:3]
    times = [row[7] for row in rows if row[7] is not None and row[6] >= version]
    return Propagation(
        version=version,
        changed_at=changed_at,
        functions_removed=removed,
        processes=tuple(_process(version, row) for row in rows if row[3] is not None),
        slowest_ms=max((_ms(time) for time in times), default=0),
    )


def _ms(time: timedelta) -> int:
    return max(0, round(time.total_seconds() * 1000))


def _process(newest: int, row: tuple[Any, ...]) -> Process:
    role, host, pid, seen, _, quiet = row[3:]
    is_silent = quiet.total_seconds() > SILENT_S
    words = f"v{seen}"
    if is_silent:
        words = translatable(
            "silent for {time}, last at v{version}",
            time=duration(quiet),
            version=seen,
        )
    elif seen < newest:
        words = translatable("still at v{version}", version=seen)
    return Process(
        name=f"{role} {host}:{pid}",
        version=seen,
        is_silent=is_silent,
        is_behind=seen < newest,
        quiet_s=round(quiet.total_seconds(), 1),
        words=words,
    )

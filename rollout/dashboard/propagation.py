"""Who has taken the newest switches in, and who has fallen silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from rollout.dashboard.words import count, span
from rollout.services.receipts import SILENT_S

if TYPE_CHECKING:
    from datetime import datetime, timedelta

# Silent for longer, a process is taken for ended on another machine's death.
GONE_S = 900
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
    """One process that serves people, as its last sign of life tells."""

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
    """The newest version of the switches and who acknowledged it."""

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
        """Say it as the receipt does: `v412 acknowledged by 9 of 9 in 38 ms`."""
        if not self.processes:
            return f"v{self.version}: no process is running"
        told = f"v{self.version} acknowledged by {self.acknowledged} of"
        total = f"{told} {count(len(self.processes), 'process', 'processes')}"
        # A process started later took it in with its start: nobody waited for that.
        return f"{total} in {self.slowest_ms} ms" if self.slowest_ms else total


def propagation() -> Propagation:
    """Read it: one query."""
    with connection.cursor() as cursor:
        cursor.execute(PROCESSES, [GONE_S, MOST_PROCESSES])
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
        words = f"silent for {span(quiet)}, last at v{seen}"
    elif seen < newest:
        words = f"still at v{seen}"
    return Process(
        name=f"{role} {host}:{pid}",
        version=seen,
        is_silent=is_silent,
        is_behind=seen < newest,
        quiet_s=round(quiet.total_seconds(), 1),
        words=words,
    )

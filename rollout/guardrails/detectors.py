"""The detectors' gatherings as rows: each piece of evidence once, in the order seen.

The order is not that of the ids, which become visible out of order; it is that of the
evaluations which counted them. Stepping through the same rows in that order again
gives the same gatherings (`replayed`).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from rollout import locks
from rollout.models import DetectorState, Observation, StageRun
from rollout.policy.detector import Track
from rollout.policy.evidence import Evidence
from rollout.policy.guardrails import CHANNELS
from rollout.policy.judge import RECENT, Judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from rollout.policy.guardrails import Policy
    from rollout.policy.judge import Key

# So many at most in one evaluation; the rest in the next.
BATCH = 5_000
COLUMNS = (
    "id",
    "run_id",
    "channel",
    "finished_at",
    "calls",
    "failed",
    "turns",
    "slow_3s",
    "slow_5s",
    "slow_10s",
    "cost",
    "outcome",
)


def evidence_of(row: Mapping[str, Any]) -> Evidence:
    return Evidence(
        channel=row["channel"],
        at=row["finished_at"],
        calls=row["calls"],
        failed=row["failed"],
        turns=row["turns"],
        slow_3s=row["slow_3s"],
        slow_5s=row["slow_5s"],
        slow_10s=row["slow_10s"],
        cost=None if row["cost"] is None else float(row["cost"]),
        has_failed=row["outcome"] == Observation.Outcome.FAILED,
        latencies_ms=tuple(row.get("latencies_ms", ())),
    )


def uncounted() -> list[dict[str, Any]]:
    """Return what nobody has counted yet. The caller holds the lease."""
    rows = Observation.objects.filter(scored_in__isnull=True, is_synthetic=False)
    return list(rows.order_by("id").values(*COLUMNS)[:BATCH])


def step(
    fresh: list[dict[str, Any]], current: StageRun, policy: Policy, now: datetime
) -> Judge:
    """Let each stay's detectors take its evidence in; return the current stay's judge."""
    runs = {row["run_id"] for row in fresh if row["run_id"]} | {current.pk}
    stages = dict(StageRun.objects.filter(pk__in=runs).values_list("pk", "stage"))
    judges = {run: Judge(policy, stages[run]) for run in runs}
    stored: dict[tuple[int, Key], DetectorState] = {}
    for state in locks.lock_detectors(runs):
        key = (state.guardrail, state.level, state.channel)
        judges[state.run_id].tracks[key] = track_of(state)
        judges[state.run_id].thresholds[key] = state.log_threshold
        stored[state.run_id, key] = state
    before = {run: dict(judge.tracks) for run, judge in judges.items()}
    last: dict[tuple[int, str], int] = {}
    for row in fresh:
        if row["run_id"]:
            judges[row["run_id"]].take(evidence_of(row), now)
            last[row["run_id"], row["channel"]] = row["id"]
    judges[current.pk].rest(now)
    for run, judge in judges.items():
        changed = {
            key: track
            for key, track in judge.tracks.items()
            if before[run].get(key) != track
        }
        _save(
            [
                _filled(
                    stored.get((run, key)) or _new(run, key, judge),
                    track,
                    last.get((run, key[2])),
                    now,
                )
                for key, track in changed.items()
            ]
        )
    judges[current.pk].recent = recent(current)
    return judges[current.pk]


def track_of(row: DetectorState) -> Track:
    return Track(
        held=tuple(-inf if held is None else held for held in row.state),
        n=row.n,
        bad=row.bad,
        fired_at=row.fired_at,
        fired_n=row.fired_n,
        calm_since=row.calm_since,
    )


def recent(run: StageRun) -> dict[str, list[Evidence]]:
    """Return the newest evidence of each channel, oldest first."""
    found = {}
    for channel in CHANNELS:
        rows = Observation.objects.filter(run=run, channel=channel, is_synthetic=False)
        newest = rows.order_by("-id").values(*COLUMNS, "latencies_ms")[:RECENT]
        found[channel] = [evidence_of(row) for row in newest][::-1]
    return found


def replayed(run: StageRun, policy: Policy, now: datetime) -> Judge:
    """Step through all that was counted in a stay again, from the beginning."""
    judge = Judge(policy, run.stage)
    for row in DetectorState.objects.filter(run=run):
        judge.thresholds[row.guardrail, row.level, row.channel] = row.log_threshold
    counted = Observation.objects.filter(
        run=run, is_synthetic=False, scored_in__isnull=False
    ).order_by("scored_in_id", "id")
    for row in counted.values(*COLUMNS).iterator():
        judge.take(evidence_of(row), now)
    return judge


def _new(run: int, key: Key, judge: Judge) -> DetectorState:
    guardrail, level, channel = key
    return DetectorState(
        run_id=run,
        guardrail=guardrail,
        level=level,
        channel=channel,
        log_threshold=judge.threshold(key),
    )


def _save(rows: list[DetectorState]) -> None:
    new = [row for row in rows if row.pk is None]
    known = [row for row in rows if row.pk is not None]
    DetectorState.objects.bulk_create(new)
    DetectorState.objects.bulk_update(known, FILLED)


FILLED = (
    "state",
    "n",
    "bad",
    "fired_at",
    "fired_n",
    "calm_since",
    "last_observation",
    "updated_at",
)


def _filled(
    row: DetectorState, track: Track, last: int | None, now: datetime
) -> DetectorState:
    row.state = [None if held == -inf else held for held in track.held]
    row.n, row.bad = track.n, track.bad
    row.fired_at, row.fired_n = track.fired_at, track.fired_n
    row.calm_since, row.updated_at = track.calm_since, now
    row.last_observation = last or row.last_observation
    return row


def mark(fresh: Iterable[Mapping[str, Any]], evaluation_id: int) -> None:
    """Note which evaluation counted them."""
    found = [row["id"] for row in fresh]
    Observation.objects.filter(pk__in=found).update(scored_in=evaluation_id)

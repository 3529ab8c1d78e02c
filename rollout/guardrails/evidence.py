"""Collect the evidence of one evaluation: detector states and figures of the triggers.

Each observation is scored once. The order is that of the evaluations which scored them,
not that of the ids, which become visible out of order; stepping through the same rows
in that order gives the same states (`replay_detectors`). Triggers count since the start
of the stage run: people have handled what happened before it.
"""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from rollout import locks
from rollout.core.ports import ports
from rollout.evidence import leaks
from rollout.models import (
    CheckRun,
    DetectorState,
    FlagChange,
    Incident,
    Observation,
    RollbackEvent,
    StageRun,
)
from rollout.policy.detector import DetectorTrack
from rollout.policy.evaluation import RECENT, StageDetectors, TriggerFacts
from rollout.policy.guardrails import CHANNELS, ConversationEvidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from rollout.policy.evaluation import DetectorKey
    from rollout.policy.guardrails import Policy

# The largest number of observations in one evaluation.
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


def evidence_of(row: Mapping[str, Any]) -> ConversationEvidence:
    return ConversationEvidence(
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


def unscored_observations() -> list[dict[str, Any]]:
    """Return the observations not scored yet. The caller holds the lease."""
    rows = Observation.objects.filter(scored_in__isnull=True, is_synthetic=False)
    return list(rows.order_by("id").values(*COLUMNS)[:BATCH])


def step_detectors(
    fresh: list[dict[str, Any]], current: StageRun, policy: Policy, now: datetime
) -> StageDetectors:
    """Step the detectors of each stage run; return those of the current one."""
    runs = {row["run_id"] for row in fresh if row["run_id"]} | {current.pk}
    stages = dict(StageRun.objects.filter(pk__in=runs).values_list("pk", "stage"))
    detectors_of = {run: StageDetectors(policy, stages[run]) for run in runs}
    stored: dict[tuple[int, DetectorKey], DetectorState] = {}
    for state in locks.lock_detectors(runs):
        key = (state.guardrail, state.level, state.channel)
        detectors_of[state.run_id].tracks[key] = track_of(state)
        detectors_of[state.run_id].thresholds[key] = state.log_threshold
        stored[state.run_id, key] = state
    before = {run: dict(detectors.tracks) for run, detectors in detectors_of.items()}
    last: dict[tuple[int, str], int] = {}
    for row in fresh:
        if row["run_id"]:
            detectors_of[row["run_id"]].take(evidence_of(row), now)
            last[row["run_id"], row["channel"]] = row["id"]
    detectors_of[current.pk].rest(now)
    for run, detectors in detectors_of.items():
        changed = {
            key: track
            for key, track in detectors.tracks.items()
            if before[run].get(key) != track
        }
        _save_states(
            [
                _updated_state(
                    stored.get((run, key)) or _new_state(run, key, detectors),
                    track,
                    last.get((run, key[2])),
                    now,
                )
                for key, track in changed.items()
            ]
        )
    detectors_of[current.pk].recent = recent_evidence(current)
    return detectors_of[current.pk]


def track_of(row: DetectorState) -> DetectorTrack:
    return DetectorTrack(
        held=tuple(-inf if held is None else held for held in row.state),
        n=row.n,
        bad=row.bad,
        fired_at=row.fired_at,
        fired_n=row.fired_n,
        calm_since=row.calm_since,
    )


def recent_evidence(run: StageRun) -> dict[str, list[ConversationEvidence]]:
    """Return the newest evidence of each channel, oldest first."""
    found = {}
    for channel in CHANNELS:
        rows = Observation.objects.filter(run=run, channel=channel, is_synthetic=False)
        newest = rows.order_by("-id").values(*COLUMNS, "latencies_ms")[:RECENT]
        found[channel] = [evidence_of(row) for row in newest][::-1]
    return found


def replay_detectors(run: StageRun, policy: Policy, now: datetime) -> StageDetectors:
    """Step through all scored observations of a stage run from the beginning."""
    detectors = StageDetectors(policy, run.stage)
    for row in DetectorState.objects.filter(run=run):
        detectors.thresholds[row.guardrail, row.level, row.channel] = row.log_threshold
    counted = Observation.objects.filter(
        run=run, is_synthetic=False, scored_in__isnull=False
    ).order_by("scored_in_id", "id")
    for row in counted.values(*COLUMNS).iterator():
        detectors.take(evidence_of(row), now)
    return detectors


def _new_state(run: int, key: DetectorKey, detectors: StageDetectors) -> DetectorState:
    guardrail, level, channel = key
    return DetectorState(
        run_id=run,
        guardrail=guardrail,
        level=level,
        channel=channel,
        log_threshold=detectors.threshold(key),
    )


def _save_states(rows: list[DetectorState]) -> None:
    new = [row for row in rows if row.pk is None]
    known = [row for row in rows if row.pk is not None]
    DetectorState.objects.bulk_create(new)
    DetectorState.objects.bulk_update(known, UPDATED_FIELDS)


UPDATED_FIELDS = (
    "state",
    "n",
    "bad",
    "fired_at",
    "fired_n",
    "calm_since",
    "last_observation",
    "updated_at",
)


def _updated_state(
    row: DetectorState, track: DetectorTrack, last: int | None, now: datetime
) -> DetectorState:
    row.state = [None if held == -inf else held for held in track.held]
    row.n, row.bad = track.n, track.bad
    row.fired_at, row.fired_n = track.fired_at, track.fired_n
    row.calm_since, row.updated_at = track.calm_since, now
    row.last_observation = last or row.last_observation
    return row


def mark_scored(fresh: Iterable[Mapping[str, Any]], evaluation_id: int) -> None:
    """Store which evaluation scored them."""
    found = [row["id"] for row in fresh]
    Observation.objects.filter(pk__in=found).update(scored_in=evaluation_id)


HOUR = timedelta(hours=1)
# Older probes are ignored.
PROBE_FRESH = timedelta(minutes=30)
MAX_PROBES = 10
INCIDENT_PREFIX = "guardrail:"


def trigger_facts(run: StageRun, now: datetime, *, awaited: bool) -> TriggerFacts:
    """Read the figures; `awaited`: a feature is on, so traffic is expected."""
    since = run.entered_at
    hour, day = _spent(since, now)
    # In the infrastructure stage there are no probes and no traffic.
    is_staged = run.stage != "infrastructure"
    unanswered = last_full_rollback(since)
    return TriggerFacts(
        leaks=leaks.confirmed_since(unanswered),
        candidates=leaks.candidates_since(max(unanswered, now - HOUR)),
        value_errors=_value_errors(since),
        spent_hour=hour,
        spent_day=day,
        failed_probes=failed_probes(since, now) if is_staged else None,
        silent_min=_silent_min(run, now) if awaited and is_staged else None,
        silence_is_attended="data" in attended_keys(),
    )


def failed_probes(since: datetime, now: datetime) -> int | None:
    """Return how many of the newest probes failed in a row; None without any."""
    probes = CheckRun.objects.filter(
        kind=CheckRun.Kind.PROBE, finished_at__gte=max(since, now - PROBE_FRESH)
    )
    newest = list(probes.order_by("-id").values_list("passed", flat=True)[:MAX_PROBES])
    if not newest:
        return None
    return newest.index(True) if True in newest else len(newest)


def attended_keys() -> frozenset[str]:
    """Return the keys of verdicts whose incident has a commander."""
    taken = Incident.objects.filter(
        dedupe_key__startswith=INCIDENT_PREFIX, resolved_at__isnull=True
    ).exclude(commander="")
    keys = taken.values_list("dedupe_key", flat=True)
    return frozenset(key.removeprefix(INCIDENT_PREFIX) for key in keys)


def last_full_rollback(since: datetime) -> datetime:
    """Return the time of the last full rollback, which handled what led to it."""
    full = RollbackEvent.objects.filter(kind=RollbackEvent.Kind.FULL, at__gte=since)
    return full.values_list("at", flat=True).first() or since


def _value_errors(since: datetime) -> int | None:
    ask = ports.value_errors_since
    return None if ask is None else ask(since)


def _spent(since: datetime, now: datetime) -> tuple[float | None, float | None]:
    ask = ports.spend_since
    if ask is None:
        return None, None
    midnight = timezone.localtime(now).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    hour, day = ask(max(since, now - HOUR)), ask(max(since, midnight))
    return float(hour.usd), float(day.usd)


def _silent_min(run: StageRun, now: datetime) -> float:
    """Return the minutes since the last conversation, probe or change of a flag."""
    times = [run.entered_at]
    real = Observation.objects.filter(run=run, is_synthetic=False).order_by("-id")
    for channel in CHANNELS:
        newest = real.filter(channel=channel)
        times += newest.values_list("recorded_at", flat=True)[:1]
    probes = CheckRun.objects.filter(kind=CheckRun.Kind.PROBE).order_by("-id")
    times += probes.values_list("finished_at", flat=True)[:1]
    # A feature that was just turned on has had no traffic yet.
    times += FlagChange.objects.order_by("-id").values_list("at", flat=True)[:1]
    return max(0.0, (now - max(times)).total_seconds() / 60)

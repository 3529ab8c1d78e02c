"""The figures of the triggers: each counted since the stay in the stage began.

What happened before has been answered by people: they let the stay begin.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from rollout.core.ports import ports
from rollout.evidence import leaks
from rollout.models import CheckRun, FlagChange, Incident, Observation, RollbackEvent
from rollout.policy.guardrails import CHANNELS
from rollout.policy.triggers import Facts

if TYPE_CHECKING:
    from datetime import datetime

    from rollout.models import StageRun

HOUR = timedelta(hours=1)
# A probe that nobody repeated for so long says nothing about now.
PROBE_FRESH = timedelta(minutes=30)
PROBES = 10
INCIDENT = "guardrail:"


def facts(run: StageRun, now: datetime, *, awaited: bool) -> Facts:
    """Read the figures; `awaited`: something is on, so somebody should be heard."""
    since = run.entered_at
    hour, day = _spent(since, now)
    # Before the guide's stages nobody probes, and nobody is awaited.
    is_staged = run.stage != "infrastructure"
    unanswered = last_full_rollback(since)
    return Facts(
        leaks=leaks.confirmed_since(unanswered),
        candidates=leaks.candidates_since(max(unanswered, now - HOUR)),
        value_errors=_value_errors(since),
        spent_hour=hour,
        spent_day=day,
        failed_probes=failed_probes(since, now) if is_staged else None,
        silent_min=_silent_min(run, now) if awaited and is_staged else None,
        silence_is_attended="data" in attended(),
    )


def failed_probes(since: datetime, now: datetime) -> int | None:
    """Return how many of the newest probes failed in a row; None without any."""
    probes = CheckRun.objects.filter(
        kind=CheckRun.Kind.PROBE, finished_at__gte=max(since, now - PROBE_FRESH)
    )
    newest = list(probes.order_by("-id").values_list("passed", flat=True)[:PROBES])
    if not newest:
        return None
    return newest.index(True) if True in newest else len(newest)


def attended() -> frozenset[str]:
    """Return the verdicts' keys that somebody has taken on."""
    taken = Incident.objects.filter(
        dedupe_key__startswith=INCIDENT, resolved_at__isnull=True
    ).exclude(commander="")
    keys = taken.values_list("dedupe_key", flat=True)
    return frozenset(key.removeprefix(INCIDENT) for key in keys)


def last_full_rollback(since: datetime) -> datetime:
    """Return when the last full rollback was: what led to it is answered."""
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
    """Return for how long neither a conversation nor a probe was heard of."""
    heard = [run.entered_at]
    real = Observation.objects.filter(run=run, is_synthetic=False).order_by("-id")
    for channel in CHANNELS:
        newest = real.filter(channel=channel)
        heard += newest.values_list("recorded_at", flat=True)[:1]
    probes = CheckRun.objects.filter(kind=CheckRun.Kind.PROBE).order_by("-id")
    heard += probes.values_list("finished_at", flat=True)[:1]
    # Whoever was turned on a moment ago has had no time to say anything.
    heard += FlagChange.objects.order_by("-id").values_list("at", flat=True)[:1]
    return max(0.0, (now - max(heard)).total_seconds() / 60)

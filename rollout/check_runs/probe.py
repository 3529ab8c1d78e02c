"""The minute's probe: the smoke tests that change nothing, where traffic is thin.

It speaks when nobody else does, so that silence is never taken for health. It runs
only while features are on and the plan is in service: a probe that cannot be answered
must not count as one that failed.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Sum

from rollout.check_runs import smoke
from rollout.core import clock
from rollout.core.ports import ports
from rollout.flags.exposure import functions_are_removed, is_on_for_anyone
from rollout.models import CheckRun, MetricRollup, Plan, StageName
from rollout.policy.stages import TERMS, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollout.core.ports import SmokeCase

AGAIN_AFTER_S = 5.0
HOUR = timedelta(hours=1)
ACTOR = "probe"
STATES = {Plan.State.ACTIVE, Plan.State.HELD, Plan.State.RECOVERY}


def is_due() -> bool:
    """Tell whether somebody should speak in this minute."""
    plan = Plan.objects.select_related("run").first()
    if plan is None or plan.state not in STATES:
        return False
    if plan.run.stage == StageName.INFRASTRUCTURE or not _cases():
        return False
    below = TERMS[Stage(plan.run.stage)].probe_below
    return below is None or _calls_in_the_last_hour() < below


def run(*, sleep: Callable[[float], None] = time.sleep) -> CheckRun | None:
    """Probe; a test that fails is tried once more after 5 seconds.

    None: something was turned off meanwhile, and nothing is known.
    """
    started_at = clock.now()
    url: str | None = settings.PROBE_URL or None
    cases = _cases()
    results = [_probed(case, url, sleep) for case in cases]
    if not cases or [case.name for case in _cases()] != [case.name for case in cases]:
        return None
    return smoke.store(CheckRun.Kind.PROBE, results, actor=ACTOR, started_at=started_at)


def _probed(
    case: SmokeCase, url: str | None, sleep: Callable[[float], None]
) -> dict[str, Any]:
    first = case.run(url, is_probe=True)
    if first.passed:
        return smoke.line_of(first)
    sleep(AGAIN_AFTER_S)
    return smoke.line_of(case.run(url, is_probe=True))


def _cases() -> list[SmokeCase]:
    """Return the tests that change nothing and can be answered now."""
    if functions_are_removed():
        return []
    return [
        case
        for case in ports.smoke_cases
        if case.is_read_only and all(is_on_for_anyone(one) for one in case.needs)
    ]


def _calls_in_the_last_hour() -> int:
    recent = MetricRollup.objects.filter(minute__gte=clock.now() - HOUR)
    return recent.aggregate(total=Sum("calls"))["total"] or 0

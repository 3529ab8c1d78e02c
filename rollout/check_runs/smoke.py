"""Runs the smoke tests, and the probe of each minute; stores each run as a row.

The probe runs the smoke tests that change nothing, where traffic is thin, so that
silence never counts as health. It runs only while features are on and the plan is in
service, so that a probe that cannot be answered does not count as failed.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Sum

from easymo import release
from easymo.observability.fields import scrub_text
from rollout.check_runs.progress import unobserved
from rollout.core import clock
from rollout.core.ports import ports
from rollout.flags.exposure import functions_are_removed, is_on_for_anyone
from rollout.models import CheckRun, MetricRollup, Plan, StageName
from rollout.policy.stages import TERMS, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from rollout.check_runs.progress import Progress
    from rollout.core.ports import CaseResult, SmokeCase

SECTION = "The guide's smoke tests"


def run_smoke(
    *,
    url: str | None = None,
    actor: str = "system",
    progress: Progress = unobserved,
) -> CheckRun:
    """Run every test against the deployment at `url`; None means this process."""
    started_at = clock.now()
    cases = ports.smoke_cases()
    results: list[dict[str, Any]] = []
    for case in cases:
        progress(results, case.title, len(cases))
        why = case.why_skipped()
        results.append(_skipped(case, why) if why else line_of(case.run(url)))
    return store(CheckRun.Kind.SMOKE, results, actor=actor, started_at=started_at)


def store(
    kind: CheckRun.Kind,
    results: Iterable[dict[str, Any]],
    *,
    actor: str,
    started_at: datetime,
) -> CheckRun:
    """Store a run; a run in which nothing was tested has not passed."""
    lines = list(results)
    tested = [one for one in lines if one["status"] != "skipped"]
    return CheckRun.objects.create(
        kind=kind,
        passed=bool(tested) and all(one["status"] == "ok" for one in tested),
        results=lines,
        release=release.current(),
        is_live=True,
        actor=actor,
        started_at=started_at,
        finished_at=clock.now(),
    )


def line_of(result: CaseResult) -> dict[str, Any]:
    fields = asdict(result)
    status = "ok" if fields.pop("passed") else "failed"
    return {
        **fields,
        "section": SECTION,
        "status": status,
        "detail": scrub_text(result.detail),
        "remedy": scrub_text(result.remedy),
        "setting": "",
    }


def _skipped(case: SmokeCase, why: str) -> dict[str, Any]:
    return {
        "name": case.name,
        "title": case.title,
        "section": SECTION,
        "status": "skipped",
        "detail": why,
        "remedy": "",
        "setting": "",
        "duration_ms": 0,
    }


AGAIN_AFTER_S = 5.0
HOUR = timedelta(hours=1)
ACTOR = "probe"
STATES = {Plan.State.ACTIVE, Plan.State.HELD, Plan.State.RECOVERY}


def is_due() -> bool:
    """Tell whether a probe is due in this minute."""
    plan = Plan.objects.select_related("run").first()
    if plan is None or plan.state not in STATES:
        return False
    if plan.run.stage == StageName.INFRASTRUCTURE or not _cases():
        return False
    below = TERMS[Stage(plan.run.stage)].probe_below
    return below is None or _calls_in_the_last_hour() < below


def run_probe(*, sleep: Callable[[float], None] = time.sleep) -> CheckRun | None:
    """Run the probe; a failing test is repeated once after 5 seconds.

    Return None when a feature was turned off meanwhile: the result is unknown.
    """
    started_at = clock.now()
    url: str | None = settings.PROBE_URL or None
    cases = _cases()
    results = [_probed(case, url, sleep) for case in cases]
    if not cases or [case.name for case in _cases()] != [case.name for case in cases]:
        return None
    return store(CheckRun.Kind.PROBE, results, actor=ACTOR, started_at=started_at)


def _probed(
    case: SmokeCase, url: str | None, sleep: Callable[[float], None]
) -> dict[str, Any]:
    first = case.run(url, is_probe=True)
    if first.passed:
        return line_of(first)
    sleep(AGAIN_AFTER_S)
    return line_of(case.run(url, is_probe=True))


def _cases() -> list[SmokeCase]:
    """Return the read-only tests whose features are on."""
    if functions_are_removed():
        return []
    return [
        case
        for case in ports.smoke_cases()
        if case.is_read_only and all(is_on_for_anyone(one) for one in case.needs)
    ]


def _calls_in_the_last_hour() -> int:
    recent = MetricRollup.objects.filter(minute__gte=clock.now() - HOUR)
    return recent.aggregate(total=Sum("calls"))["total"] or 0

"""The guide's smoke tests, and the same as the minute's probe; each run kept as a row."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from easymo import release
from easymo.observability.fields import scrub_text
from rollout.core import clock
from rollout.core.ports import ports
from rollout.models import CheckRun

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rollout.core.ports import CaseResult

SECTION = "The guide's smoke tests"


def run(*, url: str | None = None, actor: str = "system") -> CheckRun:
    """Run every test against the deployment at ``url``; None: through this process."""
    started_at = clock.now()
    results = [line_of(case.run(url)) for case in ports.smoke_cases]
    results.append(_voice())
    return store(CheckRun.Kind.SMOKE, results, actor=actor, started_at=started_at)


def store(
    kind: CheckRun.Kind,
    results: Iterable[dict[str, Any]],
    *,
    actor: str,
    started_at: datetime,
) -> CheckRun:
    """Keep a run; one in which nothing was tested has not passed."""
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
    told = asdict(result)
    status = "ok" if told.pop("passed") else "failed"
    return {
        **told,
        "section": SECTION,
        "status": status,
        "detail": scrub_text(result.detail),
        "remedy": scrub_text(result.remedy),
        "setting": "",
    }


def _voice() -> dict[str, Any]:
    return {
        "name": "voice.call",
        "title": "Voice: a recorded call is answered",
        "section": SECTION,
        "status": "skipped",
        "detail": "There is no room for calls yet.",
        "remedy": "",
        "setting": "",
        "duration_ms": 0,
    }

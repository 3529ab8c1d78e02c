"""Runs that a person asks for in the back office, and their progress line by line.

The row is written when the run is asked for, and the job in the same transaction. A
worker begins it once; a run without progress for ``LOST_AFTER`` is given up, so that
another can be asked for.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from easymo.database import jobs
from easymo.observability.logs import get_logger
from rollout.check_runs import preflight, smoke
from rollout.core import clock
from rollout.core.change_reason import valid_actor
from rollout.models import CheckRequest, CheckRun
from rollout.plan.resume_requirements import newest_rollback

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = get_logger(__name__)
TASK = "rollout.tasks.run_checks"
QUEUE = "probe"
# Longer than the slowest line.
LOST_AFTER = timedelta(minutes=3)
# A worker takes a job within a second; later none is there, or it is busy.
LATE_AFTER = timedelta(seconds=15)
KEPT = timedelta(days=30)
LOST = "It stopped: the worker ended, or it was not there. Run it again."
BROKEN = "The run itself failed ({}). The log has details: rollout.check.broken."


def ask_for_run(
    *, kind: str, actor: str, live: bool = False, continues_for: str = ""
) -> tuple[CheckRequest, bool]:
    """Return the open request of this kind, and whether it was made now.

    Two people who ask at the same time get the same run. ``continues_for``: the reason
    of a restore that goes on by itself when the run has passed.
    """
    actor, now = valid_actor(actor), clock.now()
    newest = newest_rollback()
    with transaction.atomic():
        CheckRequest.objects.filter(asked_at__lt=now - KEPT).delete()
        _give_up_lost(kind)
        request, is_new = CheckRequest.objects.get_or_create(
            kind=kind,
            ended_at=None,
            defaults={
                "actor": actor,
                "is_live": live,
                "continues": bool(continues_for),
                "reason": continues_for,
                "rollback_seen": newest.pk if newest else 0,
                "asked_at": now,
                "seen_at": now,
            },
        )
        if is_new:
            job = jobs.Job(f"checks:{request.pk}", {"request_id": request.pk})
            jobs.enqueue(task=TASK, queue=QUEUE, jobs=[job])
    return request, is_new


def _give_up_lost(kind: str) -> None:
    now = clock.now()
    CheckRequest.objects.filter(
        kind=kind, ended_at=None, seen_at__lt=now - LOST_AFTER
    ).update(ended_at=now, failure=LOST)


def is_lost(request: CheckRequest) -> bool:
    """Tell whether the run has made no progress for so long that it is given up."""
    return request.ended_at is None and request.seen_at < clock.now() - LOST_AFTER


def is_late(request: CheckRequest) -> bool:
    """Tell whether no worker has begun the run for longer than it should take."""
    is_open = request.ended_at is None and request.began_at is None
    return is_open and request.asked_at < clock.now() - LATE_AFTER


def stop_continuing(request: CheckRequest, why: str) -> None:
    """Store why a restore does not go on by itself after this run."""
    CheckRequest.objects.filter(pk=request.pk).update(failure=why[:500])


def latest_request(kind: str) -> CheckRequest | None:
    return CheckRequest.objects.filter(kind=kind).order_by("-id").first()


def run_request(request_id: int) -> CheckRequest | None:
    """Run a request once and store its progress; None when there is nothing to do."""
    now = clock.now()
    waiting = CheckRequest.objects.filter(pk=request_id, began_at=None, ended_at=None)
    if not waiting.update(began_at=now, seen_at=now):
        return None
    request = CheckRequest.objects.get(pk=request_id)
    try:
        run = _run(request)
    except Exception as error:
        logger.exception("rollout.check.broken", request_id=request_id)
        _end(request_id, failure=BROKEN.format(type(error).__name__))
        raise
    _end(request_id, passed=run.passed, results=run.results)
    request.refresh_from_db()
    return request


def _run(request: CheckRequest) -> CheckRun:
    progress = partial(_store_progress, request.pk)
    if request.kind == CheckRun.Kind.SMOKE:
        url = settings.PROBE_URL or None
        return smoke.run_smoke(url=url, actor=request.actor, progress=progress)
    return preflight.run_preflight(
        live=request.is_live, actor=request.actor, progress=progress
    )


def _store_progress(
    request_id: int, results: Sequence[dict[str, Any]], current: str, total: int
) -> None:
    CheckRequest.objects.filter(pk=request_id, ended_at=None).update(
        results=list(results), current=current[:200], total=total, seen_at=clock.now()
    )


def _end(request_id: int, **changes: Any) -> None:
    """Store the end, unless the run was given up meanwhile."""
    CheckRequest.objects.filter(pk=request_id, ended_at=None).update(
        ended_at=clock.now(), seen_at=clock.now(), current="", **changes
    )

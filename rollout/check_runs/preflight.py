"""Runs the pre-deployment checklist and stores the result as a row."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, Error, InterfaceError, connection, transaction

from easymo import release
from easymo.observability.fields import scrub_text
from easymo.observability.logs import get_logger
from easymo.preflight import registry, site
from easymo.preflight.registry import Circumstances, Line, LineResult, Section, Status
from rollout.check_runs.progress import unobserved
from rollout.core import clock
from rollout.core.features import Feature
from rollout.flags.exposure import is_on_for_anyone
from rollout.models import CheckRun, Plan, StageName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollout.check_runs.progress import Progress

logger = get_logger(__name__)

# For one line: a locked table must not delay the other lines.
SLOWEST_MS = 5_000
UNREACHABLE = LineResult(
    Status.FAILED,
    "The database does not answer.",
    "See that it runs, and that DATABASE_URL names it and its password.",
    "DATABASE_URL",
)
FIRST = "database.reachable"
LAST = Line(
    "site.checks",
    "Django's check framework",
    Section.REST,
    site.remaining,
    is_for_sites=True,
)


def run_preflight(
    *,
    live: bool = False,
    actor: str = "system",
    progress: Progress = unobserved,
) -> CheckRun:
    """Run every line; the run is stored unless the database is unreachable."""
    started_at = clock.now()
    is_there = _database_answers()
    circumstances = _circumstances(live=live, is_there=is_there)
    results = _results(circumstances, progress, is_there=is_there)
    done = CheckRun(
        kind=CheckRun.Kind.PREFLIGHT,
        passed=not any(one["status"] == Status.FAILED for one in results),
        results=results,
        release=release.current(),
        is_live=live,
        actor=actor,
        started_at=started_at,
        finished_at=clock.now(),
    )
    if is_there:
        _store(done)
    return done


def _results(
    circumstances: Circumstances, progress: Progress, *, is_there: bool
) -> list[dict[str, Any]]:
    """Check the database first: without it the lines that read rows are skipped."""
    lines = [*registry.lines(), LAST]
    [first] = [one for one in lines if one.name == FIRST]
    reached = _result(first, circumstances, "" if is_there else UNREACHABLE.detail)
    blocked = reached["detail"] if reached["status"] == Status.FAILED else ""
    results: list[dict[str, Any]] = []
    for one in lines:
        progress(results, one.title, len(lines))
        results.append(
            reached if one is first else _result(one, circumstances, blocked)
        )
    return results


def _result(one: Line, circumstances: Circumstances, blocked: str) -> dict[str, Any]:
    started = time.monotonic()
    found = _look(one, circumstances, blocked)
    return {
        "name": one.name,
        "title": one.title,
        "section": str(one.section),
        "status": str(found.status),
        # The texts are shown, stored and sent.
        "detail": scrub_text(found.detail),
        "remedy": scrub_text(found.remedy),
        "setting": found.setting,
        "duration_ms": round((time.monotonic() - started) * 1_000),
    }


def _look(one: Line, circumstances: Circumstances, blocked: str) -> LineResult:
    if one.reads_rows and blocked:
        return UNREACHABLE if one.name == FIRST else registry.skipped(blocked)
    if one.is_for_sites and circumstances.is_demonstration:
        return registry.skipped("A demonstration, for this machine only.")
    try:
        if not one.reads_rows:
            return one.look(circumstances)
        with _short_unit():
            return one.look(circumstances)
    except Exception as error:
        logger.exception("preflight.line.broken", line=one.name)
        return registry.failed(
            f"The check itself failed ({type(error).__name__}).",
            "The log has details: preflight.line.broken.",
        )


@contextmanager
def _short_unit() -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {SLOWEST_MS:d}")
        yield


def _database_answers() -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return False
    return True


def _circumstances(*, live: bool, is_there: bool) -> Circumstances:
    stage = _stage() if is_there else StageName.INFRASTRUCTURE
    databases = ("default",) if is_there else ()
    return Circumstances(
        live=live,
        serves_people=stage in {StageName.BETA, StageName.PRODUCTION},
        is_initial=stage == StageName.INFRASTRUCTURE,
        features_on=frozenset(
            str(feature) for feature in Feature if is_there and _is_on(feature)
        ),
        is_demonstration=settings.DEMONSTRATION,
        messages=cache(partial(_messages, databases)),
    )


def _messages(databases: tuple[str, ...]) -> dict[str, Any]:
    try:
        return dict(registry.messages(databases))
    except Error:
        return dict(registry.messages(()))


def _stage() -> str:
    try:
        with transaction.atomic():
            plan = Plan.objects.select_related("run").first()
    except Error:
        # Not migrated yet; another line reports this.
        return StageName.INFRASTRUCTURE
    return plan.run.stage if plan else StageName.INFRASTRUCTURE


def _is_on(feature: Feature) -> bool:
    try:
        with transaction.atomic():
            return is_on_for_anyone(feature)
    except Error:
        return False


def _store(done: CheckRun) -> None:
    try:
        with transaction.atomic():
            done.save()
    except Error as error:
        logger.warning("preflight.unstored", error=type(error).__name__)

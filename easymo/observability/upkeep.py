"""Watch periodic jobs: when did each last succeed?

A job that stops running produces no error. Its row grows old instead, and the metrics
and the first page of the back office report it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from easymo.observability.logs import get_logger
from easymo.observability.metrics import GaugeMetricFamily, register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easymo.observability.metrics import Metric
    from easymo.observability.models import UpkeepRun

logger = get_logger(__name__)

Work = Callable[[], int]
LATE_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LateJob:
    """A job that has not succeeded for a day, or never."""

    name: str
    since: datetime | None
    error: str


def expected_jobs() -> set[str]:
    """Return the names of the jobs that must run: one that never ran is late as well."""
    return {name for path in settings.UPKEEP_JOBS for name in import_string(path)}


def run(name: str, work: Work) -> int:
    """Run a job and record how it ended; its error is raised to the caller."""
    rows = _model().objects
    now = timezone.now()
    rows.update_or_create(name=name, defaults={"started_at": now})
    try:
        count = work()
    except Exception as error:
        rows.filter(name=name).update(
            failed_at=timezone.now(), error=type(error).__name__[:80]
        )
        raise
    rows.filter(name=name).update(
        succeeded_at=timezone.now(),
        error="",
        last_count=count,
        total=F("total") + count,
    )
    if count:
        logger.info("upkeep.done", job=name, count=count)
    return count


def late() -> list[LateJob]:
    """Return the jobs that are late, by name."""
    now = timezone.now()
    runs = {row.name: row for row in _model().objects.all()}
    found = []
    expected = expected_jobs()
    installed = _installed_at() if expected - runs.keys() else None
    for name in sorted(expected | runs.keys()):
        row = runs.get(name)
        since = row.succeeded_at if row else None
        # A job without success is late a day after its first attempt or the
        # installation.
        begun = since or (row.started_at if row else installed)
        if row is not None and row.failed_at is not None and since is None:
            begun = None
        if begun is None or now - begun > LATE_AFTER:
            found.append(LateJob(name, since, row.error if row else ""))
    return found


def _installed_at() -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(applied) FROM django_migrations")
        at: datetime | None = cursor.fetchone()[0]
    return at


def _model() -> type[UpkeepRun]:
    model: type[UpkeepRun] = apps.get_model("observability", "UpkeepRun")
    return model


@register
def collect() -> Iterator[Metric]:
    """Report when each job last succeeded; 0 when it never did."""
    family = GaugeMetricFamily(
        "easymo_upkeep_last_success_timestamp_seconds",
        "When a periodic job last came to a good end; 0 when it never did.",
        labels=["job"],
    )
    counts = GaugeMetricFamily(
        "easymo_upkeep_rows",
        "Rows that a periodic job has dealt with, in all its runs.",
        labels=["job"],
    )
    runs = {row.name: row for row in _model().objects.all()}
    for name in sorted(expected_jobs() | runs.keys()):
        row = runs.get(name)
        at = row.succeeded_at if row else None
        family.add_metric([name], at.timestamp() if at else 0.0)
        counts.add_metric([name], float(row.total if row else 0))
    yield family
    yield counts

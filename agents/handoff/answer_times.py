"""How long people waited for the first answer of a colleague."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator

WEEK = timedelta(days=7)
# Tasks of sandbox people are those of the simulator.
TIMES = """
SELECT count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY waited),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY waited)
  FROM (SELECT extract(epoch FROM h.first_answer_at - h.opened_at)::float8 AS waited
          FROM agents_handoff h JOIN profiles p ON p.id = h.profile_id
         WHERE h.first_answer_at >= %(since)s
           AND (NOT p.is_sandbox OR %(with_sandbox)s)) answered
"""


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """Median and 95th percentile in seconds; None without an answer."""

    count: int
    median_s: float | None
    p95_s: float | None


def answer_times(*, since: datetime, with_sandbox: bool = True) -> AnswerTimes:
    """Return the times of the first answers since then."""
    with connection.cursor() as cursor:
        cursor.execute(TIMES, {"since": since, "with_sandbox": with_sandbox})
        return AnswerTimes(*cursor.fetchone())


def report() -> Iterator[tuple[str, AnswerTimes]]:
    """Yield the times of today (in Kigali) and of seven days."""
    now = timezone.localtime()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    yield gettext("today"), answer_times(since=midnight)
    yield gettext("7 days"), answer_times(since=now - WEEK)

"""What the operator's page costs with ten million conversations behind it.

`python -m tests.bench.figures [observations]`: one JSON line per figure. The comparison
is the same question asked of the rows themselves, in the same run.
"""

from __future__ import annotations

# Django must be set up before our code is imported.
# ruff: noqa: E402
import json
import os
import statistics
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from easymo.observability import candidates
from rollout.evidence import figures
from tests import databases
from tests.vouchers.tampering import unguarded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

MANY = 10_000_000
DAYS = 30
ROUNDS = 30

UNINDEX = """
UPDATE pg_index SET indisready = false, indisvalid = false
WHERE indrelid = 'rollout_observation'::regclass AND NOT indisprimary
"""
OBSERVATIONS = f"""
INSERT INTO rollout_observation (source_key, conversation_key, run_id, channel, calls,
    failed, turns, slow_3s, slow_5s, slow_10s, latencies_ms, waits_ms, cost,
    price_version, errors, outcome, is_synthetic, started_at, finished_at, recorded_at)
SELECT 'bench:' || n, md5(n::text), (SELECT min(id) FROM rollout_stagerun), 'chat', 4,
       (n %% 40 = 0)::int, 3, (n %% 25 = 0)::int, 0, 0, '[900, 1400, 2100]',
       '[1500, 1500, 1500]', 0.04, 'bench', '{{}}', 'done', false,
       at - interval '3 minutes', at, at
  FROM (SELECT n, %(until)s - n * interval '{DAYS} days' / %(count)s AS at
          FROM generate_series(1, %(count)s) n) each
"""
# As `rollout.services.sums` would have left them.
SUMS = """
INSERT INTO {table} ({period}, channel, conversations, failed_conversations, calls,
    failed, turns, slow_3s, slow_5s, slow_10s, latency_counts, wait_counts, cost,
    priced, satisfied, dissatisfied, errors)
SELECT date_trunc('{period}', finished_at), channel, count(*), 0, sum(calls),
       sum(failed), sum(turns), sum(slow_3s), 0, 0,
       jsonb_build_object('300', count(*) / 9, '600', count(*) / 9, '900', count(*),
           '1100', count(*) / 7, '1400', count(*), '1700', count(*) / 8,
           '2250', count(*), '2750', count(*) / 20, '3500', count(*) / 25,
           '5500', count(*) / 90),
       jsonb_build_object('1500', 3 * count(*)), sum(cost), count(*),
       count(*) / 10, count(*) / 90,
       jsonb_build_object('timeout', count(*) / 60, 'create_voucher:failed', count(*) / 90)
  FROM rollout_observation GROUP BY 1, 2
"""
FROM_ROWS = """
SELECT count(*), sum(calls), sum(failed), sum(cost),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY (latencies_ms->>2)::int)
  FROM rollout_observation
 WHERE finished_at >= %s AND finished_at < %s AND NOT is_synthetic
"""
LINE = json.dumps(
    {
        "timestamp": "2026-11-22T22:44:03.912043Z",
        "level": "info",
        "event": "ai.whatsapp.message.success",
        "correlation_id": "74f5b5e9-f8a0-477b-a7a5-f793db0dea64",
        "logger": "agents.turns.close",
        "turn_id": 18_234,
        "conversation_id": 6_411,
        "outcome": "reply",
        "milliseconds": 317,
    }
)


def told(figure: str, value: float, **others: object) -> None:
    sys.stdout.write(json.dumps({"figure": figure, "value": value, **others}) + "\n")
    sys.stdout.flush()


def seed(count: int) -> None:
    """Write the rows without their indexes, which are built at once afterwards."""
    with unguarded("rollout_observation"), connection.cursor() as cursor:
        cursor.execute(UNINDEX)
        cursor.execute(OBSERVATIONS, {"count": count, "until": timezone.now()})
        cursor.execute("REINDEX TABLE rollout_observation")
        for table, period in (
            ("rollout_metricrollup", "minute"),
            ("rollout_hourrollup", "hour"),
        ):
            # Names of our own tables only.
            cursor.execute(SUMS.format(table=table, period=period))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def median_ms(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    work()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1e3)
    return round(statistics.median(taken), 2)


def windows(count: int) -> None:
    now = timezone.now()
    for name, days in (("a day", 1), ("a month", DAYS)):
        since = now - timedelta(days=days)

        def from_rows(since: datetime = since) -> None:
            with connection.cursor() as cursor:
                cursor.execute(FROM_ROWS, [since, now])
                cursor.fetchall()

        with CaptureQueriesContext(connection) as queries:
            figures.window(since, now)
        ours = median_ms(lambda since=since: figures.window(since, now))
        told(
            f"figures of {name}",
            ours,
            unit="ms",
            observations=count,
            queries=len(queries),
            from_rows_ms=median_ms(from_rows, 3),
        )
    for name, days, step in (
        ("a day by the quarter of an hour", 1, timedelta(minutes=15)),
        ("a week by the hour", 7, timedelta(hours=1)),
        ("a month by the day", DAYS, timedelta(days=1)),
    ):
        since = now - timedelta(days=days)
        chart = median_ms(
            lambda since=since, step=step: figures.series(since, now, step)
        )
        told(f"chart of {name}", chart, unit="ms", observations=count)


def page(count: int) -> None:
    """The operator's page for a signed-in operator."""
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("bench", password="bench"))

    def ask() -> None:
        answer = client.get("/admin/")
        assert answer.status_code == 200, answer.status_code

    ask()
    with CaptureQueriesContext(connection) as queries:
        ask()
    # Each request forgets the queries of the one before.
    count_of_queries = len(queries)
    told(
        "operator's page",
        median_ms(ask),
        unit="ms",
        goal_ms=150,
        observations=count,
        queries=count_of_queries,
    )


def last_look() -> None:
    """What the last look costs a clean line."""
    rounds = 20_000
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(rounds):
            candidates.find(LINE)
        taken.append((time.perf_counter() - begun) / rounds * 1e6)
    told("last look at a clean line", round(min(taken), 2), unit="us")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    databases.start_server()
    template = databases.template()
    with databases.clone(template, label="bench") as name, databases.using(name):
        begun = time.monotonic()
        seed(count)
        told("seeding", round(time.monotonic() - begun, 1), unit="s")
        windows(count)
        page(count)
    last_look()


if __name__ == "__main__":
    main()

"""Thirty days of figures behind the page, without ten million inserts by hand."""

from __future__ import annotations

from django.db import connection

ROLLUPS = """
INSERT INTO rollout_{table} ({period}, channel, conversations, failed_conversations,
    calls, failed, turns, slow_3s, slow_5s, slow_10s, latency_counts, wait_counts,
    cost, priced, satisfied, dissatisfied, errors)
SELECT at, channel, n, n / 25, 5 * n, 5 * n / 40, 3 * n, n / 10, n / 50, n / 200,
    jsonb_build_object('800', n, '1500', n, '2500', n - n / 10, '4500', n / 10),
    jsonb_build_object('100', 3 * n),
    n * (CASE channel WHEN 'chat' THEN 0.06 ELSE 0.4 END), n, n / 12, n / 90,
    CASE WHEN n >= 40 THEN jsonb_build_object('timeout', n / 40, 'rate_limited', n / 80)
    ELSE '{{}}'::jsonb END
FROM generate_series(date_trunc('{period}', now()) - make_interval(days => %(days)s),
        date_trunc('{period}', now()), interval '1 {period}') AS at,
    (VALUES ('chat', %(n)s), ('voice', %(n)s / 5)) AS each (channel, most),
    LATERAL (SELECT (most * (1 + sin(extract(epoch FROM at) / 13750.0) * 0.8))::int AS n)
        AS busy
WHERE n > 0
ON CONFLICT DO NOTHING
"""


def rollups(*, days: int = 30, an_hour: int = 300) -> None:
    """Fill the sums of minutes and hours as this number of conversations would have."""
    with connection.cursor() as cursor:
        for table, period, n in (
            ("hourrollup", "hour", an_hour),
            ("metricrollup", "minute", max(1, an_hour // 60)),
        ):
            statement = ROLLUPS.format(table=table, period=period)
            cursor.execute(statement, {"days": days, "n": n})

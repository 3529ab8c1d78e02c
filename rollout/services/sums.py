"""Adding to the sums of a minute and of an hour, whoever else adds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg.types.json import Jsonb

from rollout.models.observation import COUNTS, NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# Always in this order: two who add wait for each other, and never in a circle.
TABLES = (("rollout_metricrollup", "minute"), ("rollout_hourrollup", "hour"))

# The numbers of both, key by key.
_MERGED = """
(SELECT coalesce(jsonb_object_agg(key, number), '{{}}'::jsonb) FROM (
    SELECT key, sum(value::bigint) AS number FROM (
        SELECT key, value FROM jsonb_each_text({table}.{column})
        UNION ALL
        SELECT key, value FROM jsonb_each_text(EXCLUDED.{column})
    ) AS each GROUP BY key
) AS added)
"""


def add(at: datetime, channel: str, numbers: Mapping[str, Any]) -> None:
    """Add to the sums of the minute and the hour of ``at``; belongs in a transaction."""
    values = [numbers.get(name, 0) for name in NUMBERS]
    values += [Jsonb(dict(numbers.get(name, {}))) for name in COUNTS]
    with connection.cursor() as cursor:
        for table, period in TABLES:
            cursor.execute(_STATEMENTS[table], [period, at, channel, *values])


def _statement(table: str, period: str) -> str:
    columns = [*NUMBERS, *COUNTS]
    changed = [f"{name} = {table}.{name} + EXCLUDED.{name}" for name in NUMBERS]
    changed += [
        f"{name} = {_MERGED.format(table=table, column=name)}" for name in COUNTS
    ]
    # Names of our own columns only.
    return f"""
        INSERT INTO {table} ({period}, channel, {", ".join(columns)})
        VALUES (date_trunc(%s, %s::timestamptz, 'UTC'), {", ".join(["%s"] * (len(columns) + 1))})
        ON CONFLICT ({period}, channel) DO UPDATE SET {", ".join(changed)}
    """  # noqa: S608


_STATEMENTS = {table: _statement(table, period) for table, period in TABLES}

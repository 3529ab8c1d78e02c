from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from easymo.observability import correlation

THE_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def expire_vouchers(*, limit: int = 500, within: timedelta | None = None) -> int:
    """End issued vouchers whose time is over; return how many.

    Their status is in no index, so the frequent run looks at the last days only and
    a nightly one at all. It asks no fence: nothing is created or spent.
    """
    since = timezone.now() - within if within else THE_BEGINNING
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT voucher_expire(%s, %s, %s)", [since, limit, correlation.current()]
        )
        return int(cursor.fetchone()[0])

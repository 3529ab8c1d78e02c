"""What runs each minute or after each turn reads no more rows in a grown database."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from agents.models import Announcement
from agents.notifications import voucher_events
from agents.operations import backlog
from tests.growth.reading import assert_reads_little
from tests.vouchers.tampering import cheat
from vouchers.models import ExpiryMark, Voucher, VoucherEvent
from vouchers.services import periodic

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("grown")


@pytest.mark.parametrize(
    "run",
    [
        voucher_events.announce,
        voucher_events.announce_left_behind,
        voucher_events.notify_issuers_of_failures,
        backlog.oldest_waiting,
        backlog.enqueue_waiting,
    ],
    ids=lambda run: run.__name__,
)
def test_periodic__tables_have_grown__reads_little(run: Callable[[], Any]) -> None:
    assert_reads_little(run)


@pytest.mark.parametrize("run", ExpiryMark.Run)
@pytest.mark.parametrize("days", [0, 1, 1_000])
def test_expire__tables_have_grown__reads_little_and_all_end(
    run: ExpiryMark.Run, days: int
) -> None:
    # Given: of the redeemed ones, those of these days are due
    ExpiryMark.objects.create(run=run, expires_at=timezone.now() - timedelta(days))
    due = Voucher.objects.filter(expires_at__lt=timezone.now())
    voucher = due.latest("expires_at", "id")
    issued_again(voucher)

    # When
    ended = assert_reads_little(lambda: periodic.expire_vouchers(run=run))

    # Then
    assert ended == (days > 0)


def issued_again(voucher: Voucher) -> None:
    cheat(
        "UPDATE vouchers SET status = 'issued', redeemed_at = NULL, station_id = NULL"
        f" WHERE id = {voucher.pk}"
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(
    ("back", "run"),
    [
        (0, voucher_events.announce),
        (900, voucher_events.announce),
        (1_100, voucher_events.announce_left_behind),
        (19_900, voucher_events.announce_left_behind),
    ],
)
def test_announce__one_event_is_new__reads_little_and_announces_it(
    back: int, run: Callable[[], int]
) -> None:
    # Given
    last = VoucherEvent.objects.latest("id").pk
    Announcement.objects.filter(pk=last - back).delete()

    # When
    done = assert_reads_little(run)

    # Then
    assert done == 1


def test_announce__a_worker_was_away__reads_little_and_announces_the_oldest() -> None:
    # Given
    last = VoucherEvent.objects.latest("id").pk
    announced_until(last - 15_000)

    # When
    done = assert_reads_little(partial(voucher_events.announce, limit=5))

    # Then
    assert done == 5
    assert Announcement.objects.latest("pk").pk == last - 15_000 + 5


def test_announce__first_run_after_an_import__reads_little() -> None:
    # Given
    announced_until(0)

    # When
    done = assert_reads_little(partial(voucher_events.announce, limit=5))

    # Then
    assert done == 5


def announced_until(last: int) -> None:
    """Leave announcements of these events; deleted rows would still be read."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE agents_announcement")
        cursor.execute(
            "INSERT INTO agents_announcement (event_id, outcome, created_at)"
            " SELECT id, 'told', created_at FROM voucher_event WHERE id <= %s",
            [last],
        )
        cursor.execute("ANALYZE agents_announcement")

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from tests.vouchers.conftest import acting
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

CHANGING = {"status", "seq", "station_id", "redeemed_at", "voided_at", "issued_at"}


def test_indexes__on_vouchers__cover_no_changing_column() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.indexrelid::regclass::text, a.attname, pg_get_expr(i.indpred,
                   i.indrelid)
              FROM pg_index i
              JOIN pg_attribute a ON a.attrelid = i.indexrelid
             WHERE i.indrelid = 'vouchers'::regclass
            """
        )
        found = cursor.fetchall()
    assert found
    assert not [row for row in found if row[1] in CHANGING or row[2]]


def test_redeem__update__is_hot(
    issued: Issued, kimironko: Station, diane: Profile, key: Callable[[], str]
) -> None:
    # Given
    before = updates()

    # When
    redeem_voucher(code=issued.code, station=kimironko, actor=acting(diane), key=key())

    # Then
    assert updates() == (before[0] + 1, before[1] + 1)


def updates() -> tuple[int, int]:
    """Return the numbers of all updates of vouchers and of the HOT updates."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_get_xact_tuples_updated('vouchers'::regclass), "
            "pg_stat_get_xact_tuples_hot_updated('vouchers'::regclass)"
        )
        return cursor.fetchone()

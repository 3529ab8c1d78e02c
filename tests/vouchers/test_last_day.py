"""A voucher is valid until the end of its last day in Kigali, at every entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from agents.language.texts import format_date
from tests.vouchers.conftest import acting, rwf
from tests.vouchers.database_clock import database_clock
from vouchers import selectors
from vouchers.errors import VoucherExpired
from vouchers.services.approve import approve_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_vouchers
from vouchers.services.redeem import redeem_voucher
from vouchers.services.rotate import rotate_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Profile, Station, Voucher

pytestmark = pytest.mark.django_db
KIGALI = ZoneInfo("Africa/Kigali")
# In the first and last moments of a day in Kigali, and where UTC is a day behind.
ISSUED_AT = [
    datetime(2026, 8, 31, 0, 0, tzinfo=KIGALI),
    datetime(2026, 8, 31, 1, 30, tzinfo=KIGALI),
    datetime(2026, 8, 31, 12, 0, tzinfo=KIGALI),
    datetime(2026, 8, 31, 23, 59, 59, 999_999, tzinfo=KIGALI),
]
LAST = datetime(2026, 11, 29, 23, 59, 59, 999_999, tzinfo=KIGALI)
OVER = LAST + timedelta(microseconds=1)


def issue(aline: Profile, diane: Profile, key: Callable[[], str]) -> Voucher:
    issued = issue_voucher(
        customer=aline, amount=rwf(5_000), actor=acting(diane), key=key()
    )
    return issued.voucher


@pytest.mark.parametrize("at", ISSUED_AT)
def test_issue__any_time_of_the_day__expires_at_the_end_of_the_last_day(
    at: datetime, aline: Profile, diane: Profile, key: Callable[[], str]
) -> None:
    with database_clock(at):
        voucher = issue(aline, diane, key)
    assert voucher.expires_at == LAST
    assert format_date(voucher.expires_at, "en") == "29 Nov 2026"
    assert voucher.expires_at.astimezone(UTC).hour == 21


@pytest.mark.parametrize("at", ISSUED_AT)
def test_voucher__around_midnight_in_kigali__is_usable_on_its_last_day_only(
    at: datetime,
    aline: Profile,
    diane: Profile,
    kimironko: Station,
    key: Callable[[], str],
) -> None:
    # Given
    with database_clock(at):
        first, second = issue(aline, diane, key), issue(aline, diane, key)

    # Then: in the last moment everything works
    with database_clock(LAST):
        assert expire_vouchers() == 0
        assert list(selectors.usable_vouchers_of(aline)) == [second, first]
        assert first.status_at(LAST) == "issued"
        rotate_code(voucher=second, actor=acting(diane), reason="Lost", key=key())
        redeem_voucher(
            voucher_id=first.public_id,
            owner=aline,
            station=kimironko,
            actor=acting(diane),
            key=key(),
        )

    # Then: a microsecond later nothing does, before the row is expired too
    with database_clock(OVER):
        assert not selectors.usable_vouchers_of(aline).exists()
        assert second.status_at(OVER) == "expired"
        with pytest.raises(VoucherExpired):
            rotate_code(voucher=second, actor=acting(diane), reason="Lost", key=key())
        with pytest.raises(VoucherExpired):
            redeem_voucher(
                voucher_id=second.public_id,
                owner=aline,
                station=kimironko,
                actor=acting(diane),
                key=key(),
            )
        assert expire_vouchers() == 1


@pytest.mark.parametrize("at", ISSUED_AT)
def test_approve__later_than_requested__counts_from_the_approval(
    at: datetime,
    aline: Profile,
    diane: Profile,
    key: Callable[[], str],
    odette: User,
    settings: SettingsWrapper,
) -> None:
    settings.VOUCHER_APPROVAL_HOURS = 96
    with database_clock(at - timedelta(days=3)):
        requested = issue_voucher(
            customer=aline, amount=rwf(30_000), actor=acting(diane), key=key()
        )
    with database_clock(at):
        approved = approve_voucher(
            voucher=requested.voucher, approver=odette, reason="Right", key=key()
        )
    assert approved.voucher.expires_at == LAST


def test_row__other_time_of_the_day__cannot_be_stored(
    aline: Profile, diane: Profile, key: Callable[[], str]
) -> None:
    voucher = issue(aline, diane, key)
    columns = [field.column for field in voucher._meta.fields if field.column != "id"]
    copied = ", ".join(
        {
            "public_id": "gen_random_uuid()",
            "reference": "'V9-ZZZZ-98'",
            "code_hmac": "sha256('other'::bytea)",
            "expires_at": "expires_at - interval '1 hour'",
        }.get(column, column)
        for column in columns
    )
    with (
        pytest.raises(IntegrityError, match="voucher_expires_at_the_end_of_a_day"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO vouchers ({', '.join(columns)}) SELECT {copied} FROM vouchers"
        )

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from agents.operations.settlement_report import send_monthly
from rollout.models import Notice
from tests.vouchers.database_clock import database_clock
from vouchers.actors import Actor
from vouchers.models import Profile, Station
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
# Six and seven o'clock in Kigali.
SIX, SEVEN = datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC)


@pytest.fixture
def redeemed(settings: SettingsWrapper) -> None:
    settings.VOUCHER_GUARD = "tests.vouchers.guards.open_to_all"
    from tests.vouchers import guards

    guards.open_in_database("SELECT true")
    with database_clock(datetime(2026, 10, 20, 9, tzinfo=UTC)):
        issued = issue_voucher(
            customer=Profile.objects.create(msisdn="+250788000001"),
            amount=Money(8_500, "RWF"),
            actor=Actor.system("tests"),
            key="x:1",
        )
        redeem_voucher(
            code=issued.code,
            station=Station.objects.create(code="REMERA", name="Remera"),
            actor=Actor.system("tests"),
            key="x:2",
        )


@pytest.mark.usefixtures("redeemed")
def test_monthly__from_the_first_morning__is_sent_once() -> None:
    assert send_monthly(SIX) == 0
    assert send_monthly(SEVEN) == 1
    assert send_monthly(SEVEN) == 0
    [notice] = Notice.objects.filter(medium="chat")
    assert "REMERA" in notice.text
    assert "8,500" in notice.text
    assert "October 2026" in notice.subject


def test_monthly__nothing_redeemed__is_not_sent() -> None:
    assert send_monthly(SEVEN) == 0
    assert not Notice.objects.exists()

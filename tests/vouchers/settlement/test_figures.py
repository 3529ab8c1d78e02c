"""The settlement equals the sums of the events, to the unit."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from openpyxl import load_workbook

from tests.vouchers.conftest import acting, rwf
from tests.vouchers.database_clock import database_clock
from vouchers.actors import Actor
from vouchers.errors import InvalidRequest
from vouchers.models import Profile, Station, VoucherEvent
from vouchers.pdf import LINES_PER_PAGE
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import reverse_redemption
from vouchers.settlement import files
from vouchers.settlement.figures import open_liabilities, settlement
from vouchers.settlement.statement import statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Voucher

pytestmark = pytest.mark.django_db
# 23:30 and 00:30 in Kigali, around the first of November.
LATE, EARLY = (
    datetime(2026, 10, 31, 21, 30, tzinfo=UTC),
    datetime(2026, 10, 31, 22, 30, tzinfo=UTC),
)
OCTOBER = {"first": date(2026, 10, 1), "last": date(2026, 10, 31)}
NOVEMBER = {"first": date(2026, 11, 1), "last": date(2026, 11, 30)}
RAW = """
SELECT coalesce(sum(CASE kind WHEN 'redeemed' THEN amount_minor ELSE -amount_minor END), 0)
  FROM voucher_event WHERE kind IN ('redeemed', 'reversed')
   AND (created_at AT TIME ZONE 'Africa/Kigali')::date BETWEEN %s AND %s
"""

type Redeem = Callable[..., Voucher]


@pytest.fixture
def redeem(
    aline: Profile, diane: Profile, kimironko: Station, key: Callable[[], str]
) -> Redeem:
    """Return a function that issues and redeems a voucher at a moment."""

    def run(
        at: datetime, amount: int = 700, station: Station = kimironko, **given: Profile
    ) -> Voucher:
        with database_clock(at):
            issued = issue_voucher(
                customer=given.get("owner", aline),
                amount=rwf(amount),
                actor=acting(diane),
                key=key(),
            )
            return redeem_voucher(
                code=issued.code,
                station=station,
                actor=Actor.system("tests"),
                key=key(),
            ).voucher

    return run


@pytest.fixture
def take_back(odette: object, key: Callable[[], str]) -> Callable[..., None]:
    def run(voucher: Voucher, at: datetime) -> None:
        actor = Actor.of_user(odette)  # type: ignore[arg-type]
        with database_clock(at):
            reverse_redemption(voucher=voucher, reason="Wrong", actor=actor, key=key())

    return run


def test_settlement__around_midnight_in_kigali__counts_each_event_on_its_day(
    redeem: Redeem, take_back: Callable[..., None]
) -> None:
    # Given: redeemed in October, taken back in November; another in November
    take_back(redeem(LATE), EARLY)
    redeem(EARLY, 900)

    # When
    october, november = settlement(**OCTOBER), settlement(**NOVEMBER)

    # Then
    assert [(line.day, line.sums.net_minor) for line in october.lines] == [
        (date(2026, 10, 31), 700)
    ]
    assert [(line.day, line.sums.net_minor) for line in november.lines] == [
        (date(2026, 11, 1), 200)
    ]
    assert november.totals["RWF"].reversed == 1
    for made in (october, november):
        with connection.cursor() as cursor:
            cursor.execute(RAW, [made.first, made.last])
            assert made.totals["RWF"].net_minor == cursor.fetchone()[0]


def test_settlement__of_one_station__leaves_out_the_others(
    redeem: Redeem, nyabugogo: Station, kimironko: Station
) -> None:
    redeem(EARLY)
    redeem(EARLY, 40, nyabugogo)
    assert settlement(**NOVEMBER, station=nyabugogo).totals["RWF"].net_minor == 40
    both = settlement(**NOVEMBER)
    assert [line.station for line in both.lines] == [kimironko, nyabugogo]
    assert sum(sums.net_minor for sums in both.by_station.values()) == 740


def test_settlement__sandbox_person__counts_in_the_demonstration_only(
    redeem: Redeem, settings: SettingsWrapper
) -> None:
    person = Profile.objects.create(msisdn="+250788000077", is_sandbox=True)
    redeem(EARLY, owner=person)
    settings.DEMONSTRATION = False
    assert settlement(**NOVEMBER).lines == ()
    settings.DEMONSTRATION = True
    assert settlement(**NOVEMBER).totals["RWF"].redeemed == 1


def test_settlement__impossible_period__is_refused() -> None:
    with pytest.raises(InvalidRequest, match="before the first"):
        settlement(first=date(2026, 2, 2), last=date(2026, 2, 1))
    with pytest.raises(InvalidRequest, match="one year"):
        settlement(first=date(2020, 1, 1), last=date(2026, 2, 1))
    for day in (date.min, date(1999, 12, 31), date(2200, 1, 1), date.max):
        with pytest.raises(InvalidRequest, match="2000 to 2199"):
            settlement(first=day, last=day)


def test_liabilities__issued_and_unspent__by_month_of_expiry(
    aline: Profile, diane: Profile, redeem: Redeem, key: Callable[[], str]
) -> None:
    issued = issue_voucher(
        customer=aline, amount=rwf(300), actor=acting(diane), key=key()
    )
    redeem(datetime.now(UTC))
    [row] = open_liabilities()
    assert (row.count, row.minor, row.currency) == (1, 300, "RWF")
    assert (row.month.year, row.month.month) == (
        issued.voucher.expires_at.year,
        issued.voucher.expires_at.month,
    )


def test_files__each_format__holds_the_same_sums(
    redeem: Redeem, take_back: Callable[..., None]
) -> None:
    # Given
    redeem(EARLY, 12_000)
    take_back(redeem(EARLY, 500), EARLY + timedelta(hours=1))
    made = settlement(**NOVEMBER)

    # When
    table = files.render(made, "table").decode()
    rows = list(csv.reader(io.StringIO(files.render(made, "csv").decode("utf-8-sig"))))
    book = load_workbook(io.BytesIO(files.render(made, "xlsx")))
    data = json.loads(files.render(made, "json"))

    # Then
    total = ["TOTAL", "", "", "RWF", "2", "12500", "1", "500", "12000"]
    assert rows[-1] == total
    last = [cell.value for cell in list(book.active.rows)[-1]]
    assert [str(value or "") for value in last] == total
    assert data["totals"] == [
        {
            "currency": "RWF",
            "redeemed": 2,
            "redeemed_amount": 12_500,
            "reversed": 1,
            "reversed_amount": 500,
            "net_amount": 12_000,
        }
    ]
    assert data["lines"][0]["day"] == "2026-11-01"
    assert "12,000" in table.splitlines()[-1]


@pytest.mark.parametrize("sign", files.FORMULA_SIGNS)
def test_files__name_like_a_formula__is_text(redeem: Redeem, sign: str) -> None:
    # Given
    name = f'{sign}HYPERLINK("http://x")'
    redeem(EARLY, station=Station.objects.create(code="X", name=name))
    made = settlement(**NOVEMBER)

    # When
    rows = list(csv.reader(io.StringIO(files.render(made, "csv").decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(files.render(made, "xlsx"))).active

    # Then
    assert rows[1][1].startswith("'")
    assert sheet["B2"].data_type in {"s", "inlineStr"}


def test_statement__many_redemptions__has_every_reference_and_the_sum(
    redeem: Redeem, kimironko: Station
) -> None:
    # Given
    count = LINES_PER_PAGE
    made = [redeem(EARLY, 100) for _ in range(count)]

    # When
    content = statement(station=kimironko, **NOVEMBER)

    # Then
    assert content.startswith(b"%PDF-")
    for voucher in made:
        assert voucher.reference.encode() in content
    assert f"RWF {count * 100:,}".encode() in content
    assert f"page 1 of {2}".encode() in content


def test_report__settlement__prints_and_refuses_clearly(
    redeem: Redeem, kimironko: Station
) -> None:
    redeem(EARLY)
    days = ["--from", "2026-11-01", "--to", "2026-11-30"]
    call_command(
        "report", "settlement", *days, "--station", "kimironko", "--format", "json"
    )
    out = io.StringIO()
    call_command("report", "settlement", *days, stdout=out)
    assert "TOTAL" in out.getvalue()
    for wrong in (
        ["settlement"],
        ["settlement", *days, "--station", "NONE"],
        ["settlement", "--from", "x", "--to", "2026-11-30"],
        ["settlement", "--from", "2026-12-01", "--to", "2026-11-30"],
        ["daily", "--station", "KIMIRONKO"],
    ):
        with pytest.raises(CommandError):
            call_command("report", *wrong)
    assert VoucherEvent.objects.filter(kind="redeemed").count() == 1

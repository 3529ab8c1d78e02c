"""A campaign's batches stay within its budget and days, and end with its stop."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from tests.vouchers.conftest import acting
from tests.vouchers.database_clock import database_clock
from tests.vouchers.racing import race, without
from tests.vouchers.raw_sql import refused
from vouchers import errors
from vouchers.batches import campaigns, checking, issuing, reading
from vouchers.models import Batch, Campaign, Profile, Voucher
from vouchers.money import Money
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from vouchers.models import Station

pytestmark = pytest.mark.django_db
KIGALI = ZoneInfo("Africa/Kigali")
FIRST, LAST = date(2026, 12, 1), date(2026, 12, 31)
INSIDE = datetime(2026, 12, 15, 12, 0, tzinfo=KIGALI)


@pytest.fixture
def campaign(odette: User) -> Campaign:
    return make(odette, 10_000)


def make(user: User, budget: int, **given: object) -> Campaign:
    facts = {"name": "December", "first_day": FIRST, "last_day": LAST, "reason": "x"}
    return campaigns.create_campaign(
        budget=Money(budget, "RWF"), user=user, **facts | given
    )


def stored(campaign: Campaign | None, user: User, *amounts: int, n: int = 0) -> Batch:
    lines = [f"07881{n:02d}{at:03d},{amount}" for at, amount in enumerate(amounts)]
    content = "\n".join(["msisdn,amount", *lines]).encode()
    return issuing.store(
        checking.check(reading.read(content)),
        file_name=f"{n}.csv",
        reason="Gift",
        by_name=user.username,
        by=user,
        campaign=campaign,
    )


def issue(batch: Batch, user: User, at: datetime = INSIDE) -> Batch:
    with database_clock(at):
        return issuing.issue_all(issuing.confirm(batch=batch, user=user))


def test_batch__within_the_budget__is_issued_and_counted(
    campaign: Campaign, odette: User, diane: Profile, kimironko: Station
) -> None:
    # When
    first = issue(stored(campaign, odette, 4_000, 2_000), odette)
    second = issue(stored(campaign, odette, 4_000, n=1), odette)
    other = issue(stored(None, odette, 50, n=2), odette)

    # Then: the budget is used to the unit
    assert (first.state, second.state, other.state) == ("done", "done", "done")
    assert (first.issued_minor, second.issued_minor) == (6_000, 4_000)
    with pytest.raises(errors.CampaignRefused, match="budget"):
        issue(stored(campaign, odette, 1, n=3), odette)
    voucher = Voucher.objects.get(amount_minor=2_000)
    redeem_voucher(
        voucher_id=voucher.public_id,
        owner=voucher.owner,
        station=kimironko,
        actor=acting(diane),
        key="redeem",
    )
    assert campaigns.figures(campaign) == campaigns.Figures(3, 10_000, 1, 2_000)


@pytest.mark.parametrize(
    ("at", "is_inside"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=KIGALI), False),
        (datetime(2026, 12, 1, 0, 0, tzinfo=KIGALI), True),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=KIGALI), True),
        (datetime(2027, 1, 1, 0, 0, tzinfo=KIGALI), False),
    ],
)
def test_batch__at_the_edges_of_the_days__by_the_clock_of_kigali(
    campaign: Campaign, odette: User, at: datetime, is_inside: bool
) -> None:
    batch = stored(campaign, odette, 100)
    if is_inside:
        assert issue(batch, odette, at).state == "done"
        return
    with pytest.raises(errors.CampaignRefused, match="does not run"):
        issue(batch, odette, at)
    batch.refresh_from_db()
    assert (batch.state, Voucher.objects.count()) == ("checked", 0)


@pytest.mark.parametrize("end", ["stop", "last day"])
def test_batch__campaign_ends_while_it_is_issued__the_rest_is_refused(
    campaign: Campaign, odette: User, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    # Given: two of four lines are issued
    monkeypatch.setattr(issuing, "LINES_IN_ONE", 2)
    batch = stored(campaign, odette, 100, 200, 300, 400)
    with database_clock(INSIDE):
        row = issuing.confirm(batch=batch, user=odette)
        issuing.issue_next(row, row.lines or [])
        if end == "stop":
            campaigns.stop_campaign(campaign=campaign, user=odette, reason="Fraud")

    # When
    with database_clock(INSIDE + timedelta(days=30 if end == "last day" else 0)):
        row = issuing.issue_all(Batch.objects.get())

    # Then
    assert (row.state, row.issued, row.issued_minor) == ("done", 2, 300)
    assert [each["line"] for each in row.refused] == [4, 5]
    assert Voucher.objects.count() == 2
    if end == "last day":
        # What was not issued is given back to the budget.
        assert issue(stored(campaign, odette, 9_700, n=1), odette).state == "done"
        return
    with pytest.raises(errors.CampaignRefused, match="stopped"):
        issue(stored(campaign, odette, 1, n=1), odette)
    with pytest.raises(errors.NotAllowed, match="already"):
        campaigns.stop_campaign(campaign=campaign, user=odette, reason="Again")


def test_batch__approved_by_a_second_person__is_bound_to_the_campaign_too(
    odette: User, pascal: User
) -> None:
    campaign = make(odette, 30_000)
    batch = stored(campaign, odette, 30_000)
    assert issuing.confirm(batch=batch, user=odette).state == "waiting"
    with (
        database_clock(INSIDE - timedelta(days=30)),
        pytest.raises(errors.CampaignRefused),
    ):
        issuing.approve(batch=batch, user=pascal, reason="Yes")
    with database_clock(INSIDE):
        assert (
            issuing.approve(batch=batch, user=pascal, reason="Yes").state == "issuing"
        )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"last_day": FIRST - timedelta(days=1)}, "before the first day"),
        ({"name": " "}, "needs a name"),
        ({"name": "December"}, "of this name already"),
    ],
)
def test_create__wrong__is_refused(
    campaign: Campaign, odette: User, given: dict[str, object], why: str
) -> None:
    with pytest.raises(errors.InvalidRequest, match=why):
        make(odette, 5, **given)
    assert Campaign.objects.count() == 1


BY_HAND = {
    "UPDATE voucher_campaign SET budget_minor = 99999": "campaign_is_fixed",
    "DELETE FROM voucher_campaign": "campaign_is_fixed",
    "UPDATE voucher_batch SET campaign_id = NULL": "batch_campaign_is_fixed",
    "UPDATE voucher_batch SET state = 'issuing', total_minor = 10001": "campaign_budget",
    "UPDATE voucher_batch SET state = 'issuing', currency = 'USD'": "campaign_currency",
}


@pytest.mark.parametrize("statement", BY_HAND)
def test_campaign__changed_by_hand__is_refused(
    campaign: Campaign, odette: User, statement: str
) -> None:
    stored(campaign, odette, 100)
    with database_clock(INSIDE):
        refused(BY_HAND[statement], statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_budget__two_batches_at_once__only_one_fits(
    committed_db: None, campaign: Campaign, odette: User, pascal: User, is_locked: bool
) -> None:
    # Given: two people, who share no daily limit; each waits between the check and the end of its transaction
    if not is_locked:
        without("campaign", " FOR UPDATE")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION voucher_now() RETURNS timestamptz LANGUAGE sql"
            f" VOLATILE AS $$ SELECT '{INSIDE.isoformat()}'::timestamptz $$"
        )
        cursor.execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN PERFORM pg_sleep({0.3 if is_locked else 2.0});"
            " RETURN NEW; END $$;"
            " CREATE TRIGGER zz_slowly BEFORE UPDATE ON voucher_batch"
            " FOR EACH ROW EXECUTE FUNCTION slowly()"
        )
    batches = [
        (stored(campaign, user, 6_000, n=n), user)
        for n, user in enumerate((odette, pascal))
    ]

    # When
    results = race(
        *[
            lambda b=batch, u=user: issuing.confirm(batch=b, user=u)
            for batch, user in batches
        ]
    )

    # Then
    begun = Batch.objects.filter(state="issuing").count()
    assert begun == (1 if is_locked else 2)
    if is_locked:
        [error] = [each for each in results if isinstance(each, Exception)]
        assert isinstance(error, errors.CampaignRefused)

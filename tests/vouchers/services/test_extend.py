"""A person gives a voucher a later last day, while it can still be spent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from tests.vouchers import guards
from tests.vouchers.conftest import acting, rwf
from tests.vouchers.database_clock import database_clock
from tests.vouchers.racing import while_uncommitted, without
from tests.vouchers.raw_sql import refused, settle
from vouchers import errors
from vouchers.actors import Actor
from vouchers.audit.verify import verify_one
from vouchers.models import Profile, Refusal, Voucher, VoucherEvent
from vouchers.services.extend import extend_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_vouchers
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import reverse_redemption
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Station
    from vouchers.services.extend import Extended

pytestmark = pytest.mark.django_db
KIGALI = ZoneInfo("Africa/Kigali")
ISSUED_AT = datetime(2026, 8, 31, 12, 0, tzinfo=KIGALI)
LAST = datetime(2026, 11, 29, 23, 59, 59, 999_999, tzinfo=KIGALI)
OVER = LAST + timedelta(microseconds=1)
FIRST, LATEST = date(2026, 11, 30), date(2027, 2, 27)
REASON = "The station was closed"


@pytest.fixture
def voucher(aline: Profile, diane: Profile, key: Callable[[], str]) -> Voucher:
    with database_clock(ISSUED_AT):
        return issue_voucher(
            customer=aline, amount=rwf(5_000), actor=acting(diane), key=key()
        ).voucher


@pytest.fixture
def extend(
    voucher: Voucher, odette: User, key: Callable[[], str]
) -> Callable[..., Extended]:
    def run(day: date = FIRST, at: datetime = ISSUED_AT, **given: str) -> Extended:
        with database_clock(at):
            return extend_voucher(
                voucher=voucher,
                last_day=day,
                actor=Actor.of_user(odette),
                **{"reason": REASON, "key": key()} | given,
            )

    return run


def last_day(voucher: Voucher) -> date:
    voucher.refresh_from_db()
    return timezone.localdate(voucher.expires_at, KIGALI)


def test_extend__in_its_last_moment__can_be_spent_on_the_new_last_day(
    voucher: Voucher,
    extend: Callable[..., Extended],
    kimironko: Station,
    diane: Profile,
    aline: Profile,
    odette: User,
) -> None:
    # When
    first = extend(at=LAST, key="page:1")
    again = extend(at=LAST, key="page:1")
    with pytest.raises(errors.KeyReused):
        extend(LATEST, key="page:1")

    # Then
    assert (first.replayed, again.replayed, last_day(voucher)) == (False, True, FIRST)
    event = VoucherEvent.objects.get(kind="extended")
    assert (event.actor_id, event.note.text) == (str(odette.pk), REASON)
    assert (event.created_at, event.expires_at) == (LAST, voucher.expires_at)
    with database_clock(OVER):
        assert expire_vouchers() == 0
        redeem_voucher(
            voucher_id=voucher.public_id,
            owner=aline,
            station=kimironko,
            actor=acting(diane),
            key="redeem",
        )
    assert verify_one(voucher=voucher) == []


def test_extend__not_spent_on_the_new_last_day__expires_then(
    voucher: Voucher, extend: Callable[..., Extended]
) -> None:
    extend()
    with database_clock(OVER + timedelta(days=1)):
        assert expire_vouchers() == 1
    assert verify_one(voucher=voucher) == []


def test_extend__each_day__is_later_and_within_the_limit_of_the_first_last_day(
    voucher: Voucher, extend: Callable[..., Extended]
) -> None:
    for day in (FIRST - timedelta(days=1), FIRST - timedelta(days=400)):
        with pytest.raises(errors.WrongLastDay, match="27 February 2027"):
            extend(day)
    for day in (LATEST + timedelta(days=1), date.max):
        with pytest.raises(errors.WrongLastDay, match="29 November 2026"):
            extend(day)
    assert not VoucherEvent.objects.filter(kind="extended").exists()
    extend(FIRST)
    # The limit counts from the first last day, so extensions do not add up.
    with pytest.raises(errors.WrongLastDay):
        extend(LATEST + timedelta(days=1))
    extend(LATEST)
    with pytest.raises(errors.WrongLastDay, match="limit is reached"):
        extend(LATEST + timedelta(days=1))
    assert last_day(voucher) == LATEST
    assert verify_one(voucher=voucher) == []


def test_extend__limit_of_zero__is_never_possible(
    extend: Callable[..., Extended], settings: SettingsWrapper
) -> None:
    settings.VOUCHER_EXTEND_DAYS = 0
    with pytest.raises(errors.WrongLastDay, match="limit is reached"):
        extend()


REFUSED: dict[str, type[errors.VoucherError]] = {
    "redeemed": errors.VoucherNotIssued,
    "void": errors.VoucherNotIssued,
    "over": errors.VoucherExpired,
    "expired": errors.VoucherExpired,
    "off": errors.FeatureDisabled,
    "own": errors.SecondPersonNeeded,
    "no reason": errors.InvalidReason,
    "requested": errors.VoucherNotIssued,
}


@pytest.mark.parametrize("case", REFUSED)
def test_extend__not_possible__is_refused_and_changes_nothing(
    voucher: Voucher,
    extend: Callable[..., Extended],
    requested: object,
    aline: Profile,
    diane: Profile,
    odette: User,
    kimironko: Station,
    case: str,
) -> None:
    # Given
    at = ISSUED_AT
    who = {"actor": acting(diane), "key": "before"}
    with database_clock(ISSUED_AT):
        if case == "redeemed":
            redeem_voucher(
                voucher_id=voucher.public_id, owner=aline, station=kimironko, **who
            )
        elif case == "void":
            void_voucher(voucher_id=voucher.public_id, reason="Wrong", **who)
    if case in {"over", "expired"}:
        at = OVER
    if case == "expired":
        with database_clock(OVER):
            assert expire_vouchers() == 1
    if case == "off":
        guards.open_in_database("SELECT false")
    if case == "own":
        Profile.objects.filter(pk=aline.pk).update(user=odette)
    if case == "requested":
        voucher.public_id = Voucher.objects.get(status="pending_approval").public_id
    before = list(Voucher.objects.order_by("pk").values())

    # When
    with pytest.raises(REFUSED[case]):
        extend(at=at, **({"reason": " "} if case == "no reason" else {}))

    # Then
    assert list(Voucher.objects.order_by("pk").values()) == before
    assert not VoucherEvent.objects.filter(kind="extended").exists()
    is_audited = case not in {"off", "no reason"}
    assert Refusal.objects.filter(operation="extend").exists() is is_audited


def test_extend__taken_back_redemption__keeps_the_later_day(
    voucher: Voucher,
    extend: Callable[..., Extended],
    aline: Profile,
    diane: Profile,
    kimironko: Station,
    odette: User,
) -> None:
    extend()
    with database_clock(LAST):
        redeem_voucher(
            voucher_id=voucher.public_id,
            owner=aline,
            station=kimironko,
            actor=acting(diane),
            key="redeem",
        )
        reverse_redemption(
            voucher=voucher, reason="Wrong", actor=Actor.of_user(odette), key="back"
        )
    assert last_day(voucher) == FIRST
    assert verify_one(voucher=voucher) == []


EVENT = """
INSERT INTO voucher_event (voucher_id, seq, kind, old_status, new_status, amount_minor,
    currency, owner_id, expires_at, code_commit, actor_kind, actor_id, channel, key,
    fingerprint, note_commit, created_at)
SELECT id, seq, '{kind}', 'issued', 'issued', amount_minor, currency, owner_id,
    expires_at, sha256(code_hmac), '{by}', '1', 'admin', 'by hand', '', {note}, now()
  FROM vouchers
"""
ROW = "UPDATE vouchers SET seq = seq + 1, expires_at = expires_at {change}"
BY_HAND = {
    "an earlier day": (
        ROW.format(change="- interval '1 day'"),
        "voucher_expiry_is_fixed",
    ),
    "a step of another kind": (
        ROW.format(change="+ interval '1 day'")
        + ";"
        + EVENT.format(kind="code_rotated", by="user", note="NULL"),
        "voucher_event_facts",
    ),
    "no later day": (
        ROW.format(change="")
        + ";"
        + EVENT.format(kind="extended", by="user", note="''"),
        "voucher_event_facts",
    ),
    "no reason": (
        ROW.format(change="+ interval '1 day'")
        + ";"
        + EVENT.format(kind="extended", by="user", note="NULL"),
        "voucher_event_extension_says_why",
    ),
    "by the system": (
        ROW.format(change="+ interval '1 day'")
        + ";"
        + EVENT.format(kind="extended", by="system", note="''"),
        "voucher_event_extension_says_why",
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_expiry__changed_by_hand__is_refused(voucher: Voucher, case: str) -> None:
    statement, constraint = BY_HAND[case]
    refused(constraint, *statement.split(";"))


def test_trail__later_day_in_a_step_of_another_kind__is_a_fault(
    voucher: Voucher, extend: Callable[..., Extended]
) -> None:
    extend()
    settle()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE voucher_event DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE voucher_event SET kind = 'owner_moved' WHERE kind = 'extended'"
        )
    faults = [each.why for each in verify_one(voucher=voucher)]
    assert "The expiry changed in an event that must not change it." in faults


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_extend__time_is_over_while_it_waits__stays_over(
    committed_db: None, voucher: Voucher, odette: User, is_locked: bool
) -> None:
    # Given: the control reads the clock before it waits for the row
    if not is_locked:
        without("extend", "FOR NO KEY UPDATE")

    def hold() -> None:
        Voucher.objects.select_for_update().get(pk=voucher.pk)
        set_clock(OVER)

    # When
    set_clock(LAST)
    result = while_uncommitted(
        hold,
        lambda: extend_voucher(
            voucher=voucher,
            last_day=FIRST,
            actor=Actor.of_user(odette),
            reason=REASON,
            key="late",
        ),
    )

    # Then
    assert isinstance(result, errors.VoucherExpired) is is_locked
    assert VoucherEvent.objects.filter(kind="extended").exists() is not is_locked


def set_clock(at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION voucher_now() RETURNS timestamptz LANGUAGE sql"
            f" VOLATILE AS $$ SELECT '{at.isoformat()}'::timestamptz $$"
        )

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.vouchers.conftest import acting, rwf
from vouchers import errors
from vouchers.actors import Actor
from vouchers.codes import new_code
from vouchers.models import Envelope, Profile, Refusal, Voucher, VoucherEvent
from vouchers.services import guesses
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

type Key = Callable[[], str]


def untouched(issued: Issued) -> bool:
    voucher = Voucher.objects.get(pk=issued.voucher.pk)
    return voucher.status == "issued" and voucher.events.count() == 1


def test_redeem__by_code__changes_the_row_and_writes_the_event(
    issued: Issued, kimironko: Station, claudine: Profile
) -> None:
    # When
    redeemed = redeem_voucher(
        code=issued.code, station=kimironko, actor=acting(claudine), key="turn:1:0"
    )

    # Then
    voucher = Voucher.objects.get(pk=issued.voucher.pk)
    assert voucher == redeemed.voucher
    assert (voucher.status, voucher.station) == ("redeemed", kimironko)
    assert voucher.redeemed_at == redeemed.redeemed_at
    event = voucher.events.get(kind="redeemed")
    assert (event.key, event.actor_kind, event.actor_id, event.channel) == (
        "turn:1:0",
        "profile",
        str(claudine.pk),
        "whatsapp",
    )
    assert (event.station, event.created_at) == (kimironko, redeemed.redeemed_at)
    assert event.correlation_id is not None


def test_redeem__returned_voucher__equals_the_row(
    issued: Issued, kimironko: Station, diane: Profile, key: Key
) -> None:
    answer = redeem_voucher(
        code=issued.code, station=kimironko, actor=acting(diane), key=key()
    ).voucher
    row = Voucher.objects.get(pk=answer.pk)
    for field in Voucher._meta.concrete_fields:
        told, stored = (getattr(each, field.attname) for each in (answer, row))
        assert (
            (bytes(told) == bytes(stored))
            if field.name == "code_hmac"
            else (told == stored)
        ), field.name


def test_redeem__same_key_twice__redeems_once(
    issued: Issued, kimironko: Station, diane: Profile
) -> None:
    # When
    first, again = (
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key="turn:1:0"
        )
        for _ in range(2)
    )

    # Then
    assert (first.replayed, again.replayed) == (False, True)
    assert first.redeemed_at == again.redeemed_at
    assert issued.voucher.events.filter(kind="redeemed").count() == 1


def test_redeem__same_key_other_arguments__is_refused(
    issued: Issued,
    aline: Profile,
    kimironko: Station,
    nyabugogo: Station,
    diane: Profile,
    emile: Profile,
    key: Key,
) -> None:
    # Given
    other = issue_voucher(
        customer=aline, amount=rwf(500), actor=acting(diane), key=key()
    )
    asked = {"code": issued.code, "station": kimironko, "actor": acting(diane)}
    redeem_voucher(**asked, key="turn:1:0")

    # Then
    for changed in (
        {"code": other.code},
        {"code": None, "voucher_id": other.voucher.public_id},
        {"station": nyabugogo},
        {"actor": acting(emile)},
        {"owner": aline},
    ):
        with pytest.raises(errors.KeyReused):
            redeem_voucher(**(asked | changed), key="turn:1:0")
    assert untouched(other)


def test_redeem__after_the_fence__is_one_query_and_its_seal(
    issued: Issued, kimironko: Station, diane: Profile, key: Key
) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key=key()
        )
    sent = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
    assert [each.split()[:3] for each in sent] == [
        ["SELECT", "r.outcome,", "r.detail,"],
        ["INSERT", "INTO", "voucher_event_seal"],
    ]


def test_redeem__fence__is_the_first_statement_of_the_transaction(
    issued: Issued,
    kimironko: Station,
    diane: Profile,
    key: Key,
    settings: SettingsWrapper,
) -> None:
    settings.VOUCHER_GUARD = "tests.vouchers.guards.first_statement"
    with CaptureQueriesContext(connection):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key=key()
        )
    assert VoucherEvent.objects.filter(kind="redeemed").count() == 1


@pytest.mark.parametrize("fence", ["closed", "broken", "nearly", "missing"])
def test_redeem__fence_not_open__is_refused(
    issued: Issued,
    kimironko: Station,
    diane: Profile,
    key: Key,
    settings: SettingsWrapper,
    fence: str,
) -> None:
    # Given
    settings.VOUCHER_GUARD = f"tests.vouchers.guards.{fence}"

    # Then
    with pytest.raises(errors.FeatureDisabled):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key=key()
        )
    assert untouched(issued)


def test_redeem__wrong_application_clock__uses_the_database_clock(
    issued: Issued, expired: Issued, diane: Profile, kimironko: Station, key: Key
) -> None:
    with time_machine.travel("2036-01-01", tick=True):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key=key()
        )
    with (
        time_machine.travel("2020-01-01", tick=True),
        pytest.raises(errors.VoucherExpired),
    ):
        redeem_voucher(
            code=expired.code, station=kimironko, actor=acting(diane), key=key()
        )


def test_redeem__ten_wrong_codes__lock_the_person_on_all_channels(
    issued: Issued, aline: Profile, bosco: Profile, kimironko: Station, key: Key
) -> None:
    # Given
    for at in range(10):
        channel = "voice" if at % 2 else "whatsapp"
        with pytest.raises(errors.VoucherNotFound):
            redeem_voucher(
                code=new_code(),
                station=kimironko,
                actor=Actor.of_profile(aline, channel=channel),
                key=key(),
            )

    # Then
    with pytest.raises(errors.Locked) as caught:
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(aline), key=key()
        )
    assert 3500 < caught.value.retry_after <= 3600
    assert untouched(issued)
    guesses.check(actor=acting(bosco))
    assert Refusal.objects.filter(reason="voucher_not_found").count() == 10


def test_redeem__new_writing_key__finds_codes_of_older_keys(
    issued: Issued,
    kimironko: Station,
    diane: Profile,
    key: Key,
    settings: SettingsWrapper,
) -> None:
    # Given
    assert issued.code is not None
    digits = issued.code.digits
    settings.EASYMO_KEYS = {"n1": b"n" * 32, **settings.EASYMO_KEYS}

    # When
    redeemed = redeem_voucher(
        code=type(issued.code)(digits),
        station=kimironko,
        actor=acting(diane),
        key=key(),
    )

    # Then
    assert redeemed.voucher.status == "redeemed"


def test_redeem__named_twice_or_not_at_all__raises_value_error(
    issued: Issued, kimironko: Station, diane: Profile
) -> None:
    for named in ({}, {"code": issued.code, "voucher_id": uuid4()}):
        with pytest.raises(ValueError, match="by its code or by its id"):
            redeem_voucher(**named, station=kimironko, actor=acting(diane), key="k")


def test_redeem__refused__writes_its_audit_row_and_nothing_else(
    issued: Issued, kimironko: Station, emile: Profile
) -> None:
    # Given
    before = (VoucherEvent.objects.count(), Envelope.objects.count())

    # When
    with pytest.raises(errors.NotAllowed):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(emile), key="turn:7:0"
        )

    # Then
    assert before == (VoucherEvent.objects.count(), Envelope.objects.count())
    refusal = Refusal.objects.get()
    assert (refusal.operation, refusal.reason) == ("redeem", "forbidden")

"""Which callers may redeem, and which reason the others get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.vouchers.conftest import acting, rwf
from vouchers import errors
from vouchers.actors import Actor
from vouchers.codes import new_code
from vouchers.models import Profile, Refusal, Voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_vouchers
from vouchers.services.redeem import redeem_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from vouchers.models import Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

type Key = Callable[[], str]


def untouched(issued: Issued) -> bool:
    voucher = Voucher.objects.get(pk=issued.voucher.pk)
    return voucher.status == "issued" and voucher.events.count() == 1


def test_redeem__caller_may_not_know__gets_one_answer(
    aline: Profile,
    bosco: Profile,
    diane: Profile,
    claudine: Profile,
    kimironko: Station,
    nyabugogo: Station,
    expired: Issued,
    key: Key,
) -> None:
    # Given
    void, spent = (
        issue_voucher(customer=aline, amount=rwf(500), actor=acting(diane), key=key())
        for _ in range(2)
    )
    void_voucher(
        voucher_id=void.voucher.public_id, reason="test", actor=acting(diane), key=key()
    )
    redeem_voucher(code=spent.code, station=nyabugogo, actor=acting(diane), key=key())

    # When
    answers = set()
    for person in (claudine, bosco):
        for code in (new_code(), void.code, expired.code, spent.code):
            with pytest.raises(errors.VoucherNotFound) as caught:
                redeem_voucher(
                    code=code, station=kimironko, actor=acting(person), key=key()
                )
            answers.add((type(caught.value), str(caught.value), caught.value.code))

    # Then
    assert len(answers) == 1
    assert not Refusal.objects.filter(reason="voucher_not_found").exclude(voucher=None)


def test_redeem__owner_or_staff__are_told_why(
    issued: Issued,
    aline: Profile,
    bosco: Profile,
    diane: Profile,
    kimironko: Station,
    key: Key,
) -> None:
    # Given
    def redeem(person: Profile, **more: object) -> None:
        asked = {"code": issued.code, "station": kimironko, "key": key()} | more
        redeem_voucher(actor=acting(person), **asked)  # type: ignore[arg-type]

    # Then
    with pytest.raises(errors.NotOwner):
        redeem(diane, owner=bosco)
    redeem(aline)
    with pytest.raises(errors.VoucherNotIssued) as caught:
        redeem(aline)
    assert caught.value.status == "redeemed"
    assert caught.value.at == Voucher.objects.get().redeemed_at
    with pytest.raises(errors.VoucherNotIssued):
        redeem(diane)


def test_redeem__user_or_system__is_told_why(
    issued: Issued, odette: User, diane: Profile, kimironko: Station, key: Key
) -> None:
    # Given
    redeem_voucher(code=issued.code, station=kimironko, actor=acting(diane), key=key())

    # Then
    for actor in (Actor.of_user(odette), Actor.system("tests")):
        with pytest.raises(errors.VoucherNotIssued) as caught:
            redeem_voucher(code=issued.code, station=kimironko, actor=actor, key=key())
        assert caught.value.status == "redeemed"


def test_redeem__expired_and_ended__is_told_it_expired(
    expired: Issued, diane: Profile, kimironko: Station, key: Key
) -> None:
    # Given
    expire_vouchers()

    # Then
    with pytest.raises(errors.VoucherExpired):
        redeem_voucher(
            code=expired.code, station=kimironko, actor=acting(diane), key=key()
        )


def test_redeem__void_and_past_its_last_day__is_told_it_is_void(
    expired: Issued, diane: Profile, kimironko: Station, key: Key
) -> None:
    # Given
    void_voucher(
        voucher_id=expired.voucher.public_id,
        reason="Wrong",
        actor=acting(diane),
        key=key(),
    )

    # Then
    with pytest.raises(errors.VoucherNotIssued) as caught:
        redeem_voucher(
            code=expired.code, station=kimironko, actor=acting(diane), key=key()
        )
    assert caught.value.status == "void"


def test_redeem__retry_at_the_same_station__is_told_it_was_redeemed(
    issued: Issued, claudine: Profile, kimironko: Station, key: Key
) -> None:
    actor = acting(claudine)
    redeem_voucher(code=issued.code, station=kimironko, actor=actor, key=key())
    with pytest.raises(errors.VoucherNotIssued):
        redeem_voucher(code=issued.code, station=kimironko, actor=actor, key=key())


def test_redeem__token_with_scope__is_told_about_the_owner(
    issued: Issued, bosco: Profile, kimironko: Station, key: Key
) -> None:
    for may_know, expected in (
        (False, errors.VoucherNotFound),
        (True, errors.NotOwner),
    ):
        actor = Actor("token", "pump", "api", may_know=may_know)
        with pytest.raises(errors.VoucherNotFound) as caught:
            redeem_voucher(
                code=issued.code,
                owner=bosco,
                station=kimironko,
                actor=actor,
                key=key(),
            )
        assert type(caught.value) is expected


def test_redeem__other_owner_role_or_station__is_refused(
    issued: Issued,
    bosco: Profile,
    emile: Profile,
    claudine: Profile,
    kimironko: Station,
    nyabugogo: Station,
    key: Key,
) -> None:
    for person, station, error in (
        (bosco, kimironko, errors.VoucherNotFound),
        (emile, kimironko, errors.NotAllowed),
        (claudine, nyabugogo, errors.WrongStation),
    ):
        with pytest.raises(error):
            redeem_voucher(
                code=issued.code, station=station, actor=acting(person), key=key()
            )
    assert untouched(issued)


def test_redeem__inactive_station_or_person__is_refused(
    issued: Issued, diane: Profile, kimironko: Station, key: Key
) -> None:
    # Given
    kimironko.is_active = False
    kimironko.save(update_fields=["is_active"])

    # Then
    with pytest.raises(errors.WrongStation):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key=key()
        )
    kimironko.is_active = True
    kimironko.save(update_fields=["is_active"])
    Profile.objects.filter(pk=diane.pk).update(is_active=False)
    with pytest.raises(errors.NotAllowed):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key=key()
        )
    assert untouched(issued)


def test_redeem__sandbox_staff_and_real_voucher__finds_no_voucher(
    issued: Issued, sandbox_staff: Profile, kimironko: Station, key: Key
) -> None:
    with pytest.raises(errors.VoucherNotFound):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(sandbox_staff), key=key()
        )
    assert untouched(issued)


def test_redeem__for_an_owner__only_a_voucher_of_that_customer(
    issued: Issued, aline: Profile, bosco: Profile, kimironko: Station, key: Key
) -> None:
    asked = {"code": issued.code, "station": kimironko, "actor": Actor.system("tests")}
    with pytest.raises(errors.NotOwner):
        redeem_voucher(**asked, owner=bosco, key=key())
    assert untouched(issued)

    redeemed = redeem_voucher(**asked, owner=aline, key=key())

    assert redeemed.voucher.status == "redeemed"

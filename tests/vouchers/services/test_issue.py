from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.vouchers import guards
from tests.vouchers.conftest import acting, rwf
from vouchers import errors
from vouchers.actors import Actor
from vouchers.models import Envelope, LimitCounter, Profile, Refusal, Voucher
from vouchers.money import Money
from vouchers.services import envelopes
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

type Key = Callable[[], str]


def used() -> dict[str, int]:
    return dict(LimitCounter.objects.values_list("kind", "used_minor"))


def test_issue__within_limits__makes_voucher_event_and_envelope(
    aline: Profile, diane: Profile
) -> None:
    # When
    issued = issue_voucher(
        customer=aline, amount=rwf(10_000), actor=acting(diane), key="turn:1:0"
    )

    # Then
    voucher = Voucher.objects.get()
    assert issued.code is not None
    assert voucher.owner == aline
    assert (voucher.amount_minor, voucher.currency) == (10_000, "RWF")
    assert bytes(voucher.code_hmac) == issued.code.hmac
    assert voucher.code_last4 == issued.code.last4
    assert voucher.created_by_profile == diane
    assert (voucher.expires_at - voucher.issued_at).days == 90
    event = voucher.events.get()
    assert (event.kind, event.seq, event.key) == ("issued", 1, "turn:1:0")
    assert envelopes.read(voucher) == issued.code
    assert Envelope.objects.get().expires_at - event.created_at == timedelta(hours=24)
    assert used() == {"issuer": 10_000, "customer": 10_000}


def test_issue__row_and_envelope__do_not_hold_the_code(issued: Issued) -> None:
    digits = issued.code.digits.encode()  # type: ignore[union-attr]
    for model in (Voucher, Envelope):
        row = " ".join(str(value) for value in model.objects.values_list()[0])
        assert digits.decode() not in row
    assert digits not in bytes(Envelope.objects.get().sealed)


def test_issue__same_key__returns_the_same_voucher_and_its_code(
    aline: Profile, diane: Profile
) -> None:
    # When
    first, again = (
        issue_voucher(customer=aline, amount=rwf(500), actor=acting(diane), key="k:1")
        for _ in range(2)
    )

    # Then
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.voucher, again.code) == (first.voucher, first.code)
    assert Voucher.objects.count() == 1
    assert used() == {"issuer": 500, "customer": 500}


def test_issue__replay_after_delivery__has_no_code(
    aline: Profile, diane: Profile
) -> None:
    asked = {"customer": aline, "amount": rwf(500), "actor": acting(diane), "key": "k"}
    envelopes.drop(issue_voucher(**asked).voucher)
    assert issue_voucher(**asked).code is None


def test_issue__same_key_other_arguments__is_refused(
    aline: Profile, bosco: Profile, diane: Profile, odette: User
) -> None:
    asked = {"customer": aline, "amount": rwf(500), "actor": acting(diane), "key": "k"}
    issue_voucher(**asked)
    for changed in (
        {"customer": bosco},
        {"amount": rwf(501)},
        {"amount": rwf(60_000)},
        {"actor": Actor.of_user(odette)},
    ):
        with pytest.raises(errors.KeyReused):
            issue_voucher(**(asked | changed))
    assert Voucher.objects.count() == 1


@pytest.mark.parametrize("role", ["customer", "station", "support"])
def test_issue__not_staff__is_refused(
    aline: Profile, claudine: Profile, emile: Profile, key: Key, role: str
) -> None:
    person = {"customer": aline, "station": claudine, "support": emile}[role]
    with pytest.raises(errors.NotAllowed):
        issue_voucher(customer=aline, amount=rwf(5), actor=acting(person), key=key())
    assert not Voucher.objects.exists()
    assert not LimitCounter.objects.exists()
    assert Refusal.objects.get().reason == "forbidden"


def test_issue__over_a_limit__names_it_and_changes_no_counter(
    aline: Profile, diane: Profile, key: Key, settings: SettingsWrapper
) -> None:
    # Given
    settings.VOUCHER_ISSUER_DAILY, settings.VOUCHER_CUSTOMER_DAILY = 1_000, 600

    def issue(amount: int) -> None:
        issue_voucher(
            customer=aline, amount=rwf(amount), actor=acting(diane), key=key()
        )

    issue(500)
    for amount, limit, cap in (
        (50_001, "voucher", "RWF 50,000"),
        (501, "issuer_daily", "RWF 1,000"),
        (101, "customer_daily", "RWF 600"),
    ):
        # When
        with pytest.raises(errors.LimitExceeded) as caught:
            issue(amount)

        # Then
        assert caught.value.limit == limit
        assert cap in str(caught.value)
        assert used() == {"issuer": 500, "customer": 500}
    issue(100)
    assert Voucher.objects.count() == 2


@pytest.mark.parametrize("limit", ["issuer_daily", "customer_daily"])
def test_issue__first_of_the_day_over_a_daily_limit__is_refused(
    aline: Profile, diane: Profile, key: Key, settings: SettingsWrapper, limit: str
) -> None:
    # Given
    setattr(settings, f"VOUCHER_{limit.upper()}", 500)

    # When
    with pytest.raises(errors.LimitExceeded) as caught:
        issue_voucher(customer=aline, amount=rwf(501), actor=acting(diane), key=key())

    # Then
    assert caught.value.limit == limit
    assert not Voucher.objects.exists()
    assert set(used().values()) <= {0}
    issue_voucher(customer=aline, amount=rwf(500), actor=acting(diane), key=key())


def test_issue__next_kigali_day__has_a_new_limit(
    aline: Profile, diane: Profile, key: Key, settings: SettingsWrapper
) -> None:
    # Given
    settings.VOUCHER_CUSTOMER_DAILY = 500
    actor = acting(diane)
    issue_voucher(customer=aline, amount=rwf(500), actor=actor, key=key())

    # Then: the day comes from the clock of the database.
    with time_machine.travel("2036-01-01"), pytest.raises(errors.LimitExceeded):
        issue_voucher(customer=aline, amount=rwf(500), actor=actor, key=key())
    for counter in LimitCounter.objects.all():
        counter.day = counter.day.replace(year=2020)
        counter.save(update_fields=["day"])
    issue_voucher(customer=aline, amount=rwf(500), actor=actor, key=key())


def test_issue__profile_and_login_of_one_person__have_one_limit(
    aline: Profile, diane: Profile, odette: User, key: Key, settings: SettingsWrapper
) -> None:
    # Given
    settings.VOUCHER_ISSUER_DAILY = 500
    diane.user = odette
    diane.save(update_fields=["user"])
    issue_voucher(customer=aline, amount=rwf(500), actor=acting(diane), key=key())

    # Then
    with pytest.raises(errors.LimitExceeded):
        issue_voucher(
            customer=aline, amount=rwf(500), actor=Actor.of_user(odette), key=key()
        )


def test_issue__above_approval__is_a_request_without_code(requested: Issued) -> None:
    voucher = Voucher.objects.get()
    assert requested.code is None
    assert voucher.status == "pending_approval"
    assert voucher.code_hmac is None
    assert voucher.events.get().kind == "requested"
    assert not Envelope.objects.exists()


def test_issue__inactive_customer_or_sandbox_staff__is_refused(
    aline: Profile, diane: Profile, sandbox_staff: Profile, key: Key
) -> None:
    with pytest.raises(errors.CustomerNotFound):
        issue_voucher(
            customer=aline, amount=rwf(5), actor=acting(sandbox_staff), key=key()
        )
    Profile.objects.filter(pk=aline.pk).update(is_active=False)
    with pytest.raises(errors.CustomerNotFound):
        issue_voucher(customer=aline, amount=rwf(5), actor=acting(diane), key=key())
    assert not Voucher.objects.exists()


def test_issue__inactive_colleague__is_refused(
    aline: Profile, diane: Profile, key: Key
) -> None:
    Profile.objects.filter(pk=diane.pk).update(is_active=False)
    with pytest.raises(errors.NotAllowed):
        issue_voucher(customer=aline, amount=rwf(5), actor=acting(diane), key=key())
    assert not Voucher.objects.exists()


@pytest.mark.parametrize("amount", [Money(0, "RWF"), Money(-5, "RWF"), Money(5, "KES")])
def test_issue__invalid_amount__is_refused(
    aline: Profile, diane: Profile, key: Key, amount: Money
) -> None:
    with pytest.raises(errors.InvalidRequest):
        issue_voucher(customer=aline, amount=amount, actor=acting(diane), key=key())


@pytest.mark.parametrize("fence", ["closed", "broken", "nearly", "missing"])
@pytest.mark.parametrize("amount", [500, 60_000])
def test_issue__fence_not_open__is_refused(
    aline: Profile,
    diane: Profile,
    key: Key,
    settings: SettingsWrapper,
    fence: str,
    amount: int,
) -> None:
    settings.VOUCHER_GUARD = f"tests.vouchers.guards.{fence}"
    with pytest.raises(errors.FeatureDisabled):
        issue_voucher(
            customer=aline, amount=rwf(amount), actor=acting(diane), key=key()
        )
    assert not Voucher.objects.exists()
    assert not LimitCounter.objects.exists()


def test_issue__fence__is_asked_for_the_owner(
    aline: Profile, diane: Profile, key: Key
) -> None:
    guards.asked.clear()
    issue_voucher(customer=aline, amount=rwf(5), actor=acting(diane), key=key())
    assert guards.asked == [str(aline.public_id)]


@pytest.mark.parametrize("key", ["", "x" * 301, "a\x00b", "a\nb"])
def test_issue__invalid_key__raises_value_error(
    aline: Profile, diane: Profile, key: str
) -> None:
    with pytest.raises(ValueError, match="A key is"):
        issue_voucher(customer=aline, amount=rwf(5), actor=acting(diane), key=key)


def test_issue__code_or_reference_taken__is_drawn_again(
    issued: Issued,
    aline: Profile,
    diane: Profile,
    key: Key,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    drawn = iter([issued.code, issued.code, *[None] * 9])
    real = envelopes.new_code
    monkeypatch.setattr(envelopes, "new_code", lambda: next(drawn) or real())

    # When
    again = issue_voucher(
        customer=aline, amount=rwf(500), actor=acting(diane), key=key()
    )

    # Then
    assert again.code != issued.code
    assert Voucher.objects.count() == 2
    assert used() == {"issuer": 10_500, "customer": 10_500}


def test_issue__limit_of_one_voucher__is_still_allowed(
    aline: Profile, diane: Profile, key: Key, settings: SettingsWrapper
) -> None:
    settings.VOUCHER_MAX = 600
    asked = {"customer": aline, "actor": acting(diane)}

    with pytest.raises(errors.LimitExceeded) as caught:
        issue_voucher(**asked, amount=rwf(601), key=key())

    assert caught.value.limit == "voucher"
    assert issue_voucher(**asked, amount=rwf(600), key=key()).voucher.pk

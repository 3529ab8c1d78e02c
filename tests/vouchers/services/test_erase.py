from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from tests.vouchers.conftest import acting, rwf
from tests.vouchers.racing import while_uncommitted, without
from vouchers import errors
from vouchers.models import Erasure, Profile, Voucher
from vouchers.services import erase
from vouchers.services.issue import Issued, issue_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

type Key = Callable[[], str]


def erase_aline() -> bool:
    with transaction.atomic():
        profile = erase.lock_profile(Profile.objects.get(name="Aline"))
        return erase.erase_profile(profile=profile, reason="Asked", actor="odette")


@pytest.mark.django_db
def test_erase__only_others_hold_vouchers__blanks_the_person(
    aline: Profile, bosco: Profile, diane: Profile, key: Key
) -> None:
    # Given
    issue_voucher(customer=bosco, amount=rwf(500), actor=acting(diane), key=key())

    # When
    erased = erase_aline()

    # Then
    assert erased
    aline.refresh_from_db()
    assert (aline.name, aline.msisdn, aline.is_active) == ("", None, False)
    assert Erasure.objects.get().profile == aline
    bosco.refresh_from_db()
    assert (bosco.name, bosco.erased_at) == ("Bosco", None)


@pytest.mark.django_db
@pytest.mark.parametrize("amount", [500, 30_000])
def test_erase__holds_a_voucher_or_a_request__is_refused(
    aline: Profile, bosco: Profile, diane: Profile, key: Key, amount: int
) -> None:
    # Given
    held, _ = (
        issue_voucher(
            customer=customer, amount=rwf(amount), actor=acting(diane), key=key()
        ).voucher
        for customer in (aline, bosco)
    )

    # When
    with pytest.raises(errors.StillHoldsVouchers) as caught:
        erase_aline()

    # Then
    assert caught.value.references == [held.reference]
    aline.refresh_from_db()
    assert (aline.name, aline.erased_at) == ("Aline", None)
    assert not Erasure.objects.exists()


def issue_to(customer: Profile, staff: Profile) -> Issued:
    return issue_voucher(
        customer=customer, amount=rwf(500), actor=acting(staff), key="turn:1:0"
    )


@pytest.mark.usefixtures("committed_db")
def test_erase__while_a_voucher_is_issued__waits_and_is_refused(
    aline: Profile, diane: Profile
) -> None:
    # When
    result = while_uncommitted(lambda: issue_to(aline, diane), erase_aline)

    # Then
    assert isinstance(result, errors.StillHoldsVouchers)
    aline.refresh_from_db()
    assert aline.erased_at is None
    assert Voucher.objects.get().owner == aline


@pytest.mark.usefixtures("committed_db")
def test_erase__while_a_voucher_is_issued_without_the_lock__control_erases(
    aline: Profile, diane: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase, "lock_profile", lambda profile: profile)
    result = while_uncommitted(lambda: issue_to(aline, diane), erase_aline)
    assert result is True
    assert Voucher.objects.get().status == "issued"


@pytest.mark.usefixtures("committed_db")
def test_issue__while_the_customer_is_erased__waits_and_is_refused(
    aline: Profile, diane: Profile
) -> None:
    # When
    result = while_uncommitted(erase_aline, lambda: issue_to(aline, diane))

    # Then
    assert isinstance(result, errors.CustomerNotFound)
    assert not Voucher.objects.exists()


@pytest.mark.usefixtures("committed_db")
def test_issue__while_the_customer_is_erased_without_the_lock__control_issues(
    aline: Profile, diane: Profile
) -> None:
    without("issue", "        FOR KEY SHARE")
    result = while_uncommitted(erase_aline, lambda: issue_to(aline, diane))
    assert isinstance(result, Issued)
    assert Voucher.objects.get().owner == aline

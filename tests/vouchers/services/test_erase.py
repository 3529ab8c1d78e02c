from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from tests.vouchers.conftest import acting, rwf
from tests.vouchers.racing import while_uncommitted, without
from vouchers import errors
from vouchers.models import Erasure, Profile, Voucher, VoucherNote
from vouchers.services import erase
from vouchers.services.issue import Issued, issue_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

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


@pytest.mark.django_db
def test_erase__notes__deleted_where_the_voucher_is_the_persons(
    aline: Profile, bosco: Profile, diane: Profile, key: Key
) -> None:
    # Given
    own = issue_voucher(
        customer=aline, amount=rwf(500), actor=acting(diane), key=key()
    ).voucher
    void_voucher(
        voucher_id=own.public_id, reason="Lost", actor=acting(diane), key=key()
    )
    issued = issue_voucher(
        customer=bosco, amount=rwf(500), actor=acting(diane), key=key()
    )
    VoucherNote.objects.create(
        event=issued.voucher.events.get(), salt=b"s", text="Asked Bosco"
    )

    # When
    erase_aline()

    # Then
    assert VoucherNote.objects.get().text == "Asked Bosco"


@pytest.mark.django_db
def test_erase__person_without_name_and_number__deletes_no_note_of_others(
    aline: Profile, bosco: Profile, diane: Profile, key: Key
) -> None:
    # Given
    issued = issue_voucher(
        customer=bosco, amount=rwf(500), actor=acting(diane), key=key()
    )
    VoucherNote.objects.create(
        event=issued.voucher.events.get(), salt=b"s", text="Asked Al"
    )
    nameless = Profile.objects.create(name="Al")

    # When
    erase.erase_profile(profile=nameless, reason="Asked", actor="odette")

    # Then
    assert VoucherNote.objects.get().text == "Asked Al"


@pytest.mark.django_db
def test_erase__log_of_the_back_office__names_the_person_nowhere(
    aline: Profile, bosco: Profile, diane: Profile, odette: User, key: Key
) -> None:
    # Given
    own = issue_voucher(
        customer=aline, amount=rwf(500), actor=acting(diane), key=key()
    ).voucher
    void_voucher(
        voucher_id=own.public_id, reason="Lost", actor=acting(diane), key=key()
    )
    for row, shown, message in (
        (aline, "Aline", "Saved: a call"),
        (own, own.reference, "Void: lost"),
        (bosco, "Bosco", "Saved: a visit"),
    ):
        LogEntry.objects.create(
            user=odette,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=shown,
            action_flag=CHANGE,
            change_message=message,
        )

    # When
    erase_aline()

    # Then
    entries = LogEntry.objects.order_by("pk")
    assert list(entries.values_list("object_repr", "change_message")) == [
        (f"Forgotten person {aline.pk}", ""),
        (own.reference, ""),
        ("Bosco", "Saved: a visit"),
    ]


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

"""Void, approve and decline: each happens once, with its event."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.vouchers.conftest import acting, rwf
from vouchers import errors
from vouchers.actors import Actor
from vouchers.audit.verify import verify
from vouchers.codes import new_code
from vouchers.models import Approval, Profile, Refusal, Voucher
from vouchers.services import envelopes
from vouchers.services.approve import approve_voucher, decline_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

type Key = Callable[[], str]

INVALID_REASONS = ["", "   ", "x" * 501, "a\x00b", "a\r\nb", "a\u202eb", "\ud800"]


def closed(settings: SettingsWrapper) -> None:
    settings.VOUCHER_GUARD = "tests.vouchers.guards.closed"


def test_void__by_reference__stores_the_reason(
    issued: Issued, emile: Profile, key: Key
) -> None:
    # When
    voided = void_voucher(
        reference=issued.voucher.reference.lower(),
        reason="  Wrong person ☹ ",
        actor=acting(emile),
        key=key(),
    )

    # Then
    voucher = Voucher.objects.get()
    assert (voucher.status, voucher.voided_at) == ("void", voided.voided_at)
    assert voucher.events.get(kind="voided").note.text == "Wrong person ☹"
    assert verify().broken == []


def test_void__same_key__replays_and_other_voucher_is_refused(
    issued: Issued, aline: Profile, diane: Profile, key: Key
) -> None:
    # Given
    other = issue_voucher(
        customer=aline, amount=rwf(5), actor=acting(diane), key=key()
    ).voucher
    asked = {"reason": "Wrong", "actor": acting(diane), "key": "turn:9:0"}
    first = void_voucher(voucher_id=issued.voucher.public_id, **asked)

    # Then
    assert void_voucher(reference=issued.voucher.reference, **asked).replayed
    assert void_voucher(voucher_id=issued.voucher.public_id, **asked).voided_at == (
        first.voided_at
    )
    with pytest.raises(errors.KeyReused):
        void_voucher(voucher_id=other.public_id, **asked)


@pytest.mark.parametrize("reason", INVALID_REASONS)
def test_void__invalid_reason__is_refused(
    issued: Issued, diane: Profile, key: Key, reason: str
) -> None:
    with pytest.raises(errors.InvalidReason):
        void_voucher(
            voucher_id=issued.voucher.public_id,
            reason=reason,
            actor=acting(diane),
            key=key(),
        )
    assert Voucher.objects.get().status == "issued"


def test_void__switched_off__only_the_back_office_may(
    issued: Issued, diane: Profile, odette: User, key: Key, settings: SettingsWrapper
) -> None:
    # Given
    closed(settings)
    asked = {"voucher_id": issued.voucher.public_id, "reason": "Wrong"}

    # Then
    for actor in (acting(diane), Actor("token", "pump", "api")):
        with pytest.raises(errors.FeatureDisabled):
            void_voucher(**asked, actor=actor, key=key())
    void_voucher(**asked, actor=Actor.of_user(odette), key=key())
    assert Voucher.objects.get().status == "void"


def test_void__by_customer_or_station__is_refused(
    issued: Issued, aline: Profile, claudine: Profile, key: Key
) -> None:
    for person in (aline, claudine):
        with pytest.raises(errors.NotAllowed):
            void_voucher(
                voucher_id=issued.voucher.public_id,
                reason="Mine",
                actor=acting(person),
                key=key(),
            )
    assert Voucher.objects.get().status == "issued"


def test_void__sandbox_staff_and_real_voucher__finds_no_voucher(
    issued: Issued, sandbox_staff: Profile, key: Key
) -> None:
    # When
    with pytest.raises(errors.VoucherNotFound):
        void_voucher(
            voucher_id=issued.voucher.public_id,
            reason="Wrong",
            actor=acting(sandbox_staff),
            key=key(),
        )

    # Then
    voucher = Voucher.objects.get()
    assert (voucher.status, voucher.events.count()) == ("issued", 1)
    refusal = Refusal.objects.get()
    assert (refusal.reason, refusal.voucher) == ("voucher_not_found", None)


def test_void__named_twice_or_not_at_all__raises_value_error(
    issued: Issued, diane: Profile, key: Key
) -> None:
    for named in ({}, {"voucher_id": uuid4(), "reference": issued.voucher.reference}):
        with pytest.raises(ValueError, match="by its id or by its reference"):
            void_voucher(**named, reason="Wrong", actor=acting(diane), key=key())
    assert Voucher.objects.get().status == "issued"


def test_approve__by_second_person__makes_code_envelope_and_event(
    requested: Issued, odette: User, key: Key
) -> None:
    # When
    approved = approve_voucher(
        voucher=requested.voucher, approver=odette, reason="Fine", key="admin:1"
    )
    again = approve_voucher(
        voucher=requested.voucher, approver=odette, reason="Fine", key="admin:1"
    )

    # Then
    voucher = Voucher.objects.get()
    assert voucher.status == "issued"
    assert envelopes.read(voucher) == approved.code == again.code
    assert [e.kind for e in voucher.events.order_by("seq")] == ["requested", "issued"]
    assert Approval.objects.get().approver == odette
    assert (approved.replayed, again.replayed) == (False, True)
    assert verify().broken == []


def test_approve__code_taken__returns_the_code_that_was_stored(
    issued: Issued,
    requested: Issued,
    odette: User,
    key: Key,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    draws = iter([issued.code, new_code()])
    monkeypatch.setattr(envelopes, "new_code", lambda: next(draws))

    # When
    approved = approve_voucher(
        voucher=requested.voucher, approver=odette, reason="Fine", key=key()
    )

    # Then
    assert approved.code not in {None, issued.code}
    assert approved.code == envelopes.read(approved.voucher)
    assert bytes(approved.voucher.code_hmac) == approved.code.hmac
    assert not approved.replayed


@pytest.mark.parametrize("approver_has_profile", [True, False])
def test_approve__request_of_another_user_without_profile__is_issued(
    aline: Profile,
    diane: Profile,
    odette: User,
    pascal: User,
    key: Key,
    approver_has_profile: bool,
) -> None:
    # Given
    if approver_has_profile:
        diane.user = odette
        diane.save(update_fields=["user"])
    request = issue_voucher(
        customer=aline, amount=rwf(30_000), actor=Actor.of_user(pascal), key=key()
    )

    # When
    approve_voucher(voucher=request.voucher, approver=odette, reason="Fine", key=key())

    # Then
    assert Voucher.objects.get().status == "issued"
    assert Approval.objects.get().approver == odette


def test_approve__by_creator_as_user_or_profile__is_refused(
    aline: Profile, diane: Profile, odette: User, key: Key
) -> None:
    # Given
    by_user = issue_voucher(
        customer=aline, amount=rwf(30_000), actor=Actor.of_user(odette), key=key()
    )
    by_profile = issue_voucher(
        customer=aline, amount=rwf(30_000), actor=acting(diane), key=key()
    )
    diane.user = odette
    diane.save(update_fields=["user"])

    # Then
    for each in (by_user, by_profile):
        with pytest.raises(errors.SecondPersonNeeded):
            approve_voucher(
                voucher=each.voucher, approver=odette, reason="Fine", key=key()
            )
    assert set(Voucher.objects.values_list("status", flat=True)) == {"pending_approval"}
    assert not Approval.objects.exists()


def test_approve__switched_off__is_refused_but_decline_works(
    requested: Issued, odette: User, key: Key, settings: SettingsWrapper
) -> None:
    # Given
    closed(settings)
    asked = {"voucher": requested.voucher, "approver": odette, "reason": "No"}

    # Then
    with pytest.raises(errors.FeatureDisabled):
        approve_voucher(**asked, key=key())
    declined = decline_voucher(**asked, key=key())
    assert declined.status == "void"
    assert Approval.objects.get().decision == "declined"
    with pytest.raises(errors.VoucherNotPending):
        decline_voucher(**asked, key=key())
    assert verify().broken == []


def test_approve__disabled_user_or_inactive_customer__is_refused(
    requested: Issued, odette: User, aline: Profile, key: Key
) -> None:
    asked = {"voucher": requested.voucher, "approver": odette, "reason": "Fine"}
    Profile.objects.filter(pk=aline.pk).update(is_active=False)
    with pytest.raises(errors.CustomerNotFound):
        approve_voucher(**asked, key=key())
    odette.is_active = False
    odette.save(update_fields=["is_active"])
    with pytest.raises(errors.NotAllowed):
        approve_voucher(**asked, key=key())
    assert Voucher.objects.get().status == "pending_approval"

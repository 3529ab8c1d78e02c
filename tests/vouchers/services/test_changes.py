"""void, approve, decline, rotate, expire: each once, with its event."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.vouchers.conftest import acting, rwf
from vouchers import errors
from vouchers.actors import Actor
from vouchers.models import Approval, Envelope, Profile, Voucher, VoucherEvent
from vouchers.services import envelopes
from vouchers.services.approve import approve_voucher, decline_voucher
from vouchers.services.audit import verify
from vouchers.services.expire import expire_vouchers
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.rotate import rotate_code
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

type Key = Callable[[], str]

STRANGE_REASONS = ["", "   ", "x" * 501, "a\x00b", "a\r\nb", "a\u202eb", "\ud800"]


def closed(settings: SettingsWrapper) -> None:
    settings.VOUCHER_GUARD = "tests.vouchers.guards.closed"


def test_void__by_reference__keeps_its_reason(
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


@pytest.mark.parametrize("reason", STRANGE_REASONS)
def test_void__strange_reason__is_refused(
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


def test_void__switched_off__only_a_person_in_the_admin_may(
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
    assert again.replayed
    assert verify().broken == []


def test_approve__by_creator_under_either_name__is_refused(
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


def test_approve__switched_off__is_refused_but_declining_goes_on(
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


def test_rotate__issued__old_code_opens_nothing(
    issued: Issued, diane: Profile, kimironko: Station, key: Key
) -> None:
    # When
    rotated = rotate_code(
        voucher=issued.voucher, actor=acting(diane), reason="Lost", key="k:1"
    )
    again = rotate_code(
        voucher=issued.voucher, actor=acting(diane), reason="Lost", key="k:1"
    )

    # Then
    assert rotated.code not in {None, issued.code}
    assert again.replayed
    assert again.code == rotated.code == envelopes.read(issued.voucher)
    with pytest.raises(errors.VoucherNotFound):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key=key()
        )
    redeem_voucher(code=rotated.code, station=kimironko, actor=acting(diane), key=key())
    assert verify().broken == []


def test_rotate__not_issued_or_not_theirs__is_refused(
    issued: Issued, expired: Issued, aline: Profile, diane: Profile, key: Key
) -> None:
    with pytest.raises(errors.NotAllowed):
        rotate_code(
            voucher=issued.voucher, actor=acting(aline), reason="Lost", key=key()
        )
    with pytest.raises(errors.VoucherExpired):
        rotate_code(
            voucher=expired.voucher, actor=acting(diane), reason="Lost", key=key()
        )


def test_expire__due__ends_only_what_is_due(issued: Issued, expired: Issued) -> None:
    # When
    ended = [expire_vouchers(), expire_vouchers()]

    # Then
    assert ended == [1, 0]
    issued.voucher.refresh_from_db()
    expired.voucher.refresh_from_db()
    assert (issued.voucher.status, expired.voucher.status) == ("issued", "expired")
    assert expired.voucher.events.get(kind="expired").actor_kind == "system"
    assert verify().broken == []


def test_expire__switched_off__goes_on(
    expired: Issued, settings: SettingsWrapper
) -> None:
    closed(settings)
    assert expire_vouchers(within=timedelta(days=2)) == 1


def test_expire__limit__is_kept(expired: Issued) -> None:
    assert expire_vouchers(limit=0) == 0
    assert VoucherEvent.objects.filter(kind="expired").count() == 0


def test_envelope__after_a_day__is_neither_read_nor_kept(issued: Issued) -> None:
    # Given
    assert envelopes.purge() == 0
    envelope = Envelope.objects.get()
    envelope.expires_at -= timedelta(days=1)
    envelope.save(update_fields=["expires_at"])

    # Then
    assert envelopes.read(issued.voucher) is None
    assert envelopes.purge() == 1
    assert not Envelope.objects.exists()

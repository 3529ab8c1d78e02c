from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.vouchers.conftest import acting, rwf
from vouchers import errors
from vouchers.audit.verify import verify
from vouchers.models import Envelope, Refusal, Voucher
from vouchers.services import envelopes
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_vouchers
from vouchers.services.redeem import redeem_voucher
from vouchers.services.rotate import rotate_code
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

type Key = Callable[[], str]


def test_rotate__issued__replaces_the_code(
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


def test_rotate__by_customer__is_refused(
    issued: Issued, aline: Profile, key: Key
) -> None:
    with pytest.raises(errors.NotAllowed):
        rotate_code(
            voucher=issued.voucher, actor=acting(aline), reason="Lost", key=key()
        )
    assert Voucher.objects.get().events.count() == 1


@pytest.mark.parametrize("is_ended", [False, True])
def test_rotate__expired__says_so(
    expired: Issued, diane: Profile, key: Key, is_ended: bool
) -> None:
    # Given
    if is_ended:
        expire_vouchers()

    # Then
    with pytest.raises(errors.VoucherExpired):
        rotate_code(
            voucher=expired.voucher, actor=acting(diane), reason="Lost", key=key()
        )


def test_rotate__void_beside_others__tells_the_status_of_this_voucher(
    issued: Issued, aline: Profile, diane: Profile, key: Key
) -> None:
    # Given
    void = issue_voucher(
        customer=aline, amount=rwf(5), actor=acting(diane), key=key()
    ).voucher
    asked = {"actor": acting(diane), "reason": "Wrong"}
    void_voucher(voucher_id=void.public_id, **asked, key=key())

    # When
    with pytest.raises(errors.VoucherNotIssued) as caught:
        rotate_code(voucher=void, **asked, key=key())

    # Then
    assert caught.value.status == "void"
    assert Refusal.objects.get().voucher == void
    assert issued.voucher.events.count() == 1


def test_rotate__sandbox_staff_and_real_voucher__finds_no_voucher(
    issued: Issued, sandbox_staff: Profile, key: Key
) -> None:
    # When
    with pytest.raises(errors.VoucherNotFound):
        rotate_code(
            voucher=issued.voucher,
            actor=acting(sandbox_staff),
            reason="Lost",
            key=key(),
        )

    # Then
    voucher = Voucher.objects.get()
    assert bytes(voucher.code_hmac) == issued.code.hmac
    assert voucher.events.count() == 1
    refusal = Refusal.objects.get()
    assert (refusal.reason, refusal.voucher) == ("voucher_not_found", None)


@pytest.mark.parametrize("was_delivered", [False, True])
def test_rotate__envelope__holds_the_new_code_for_a_day(
    issued: Issued, diane: Profile, key: Key, was_delivered: bool
) -> None:
    # Given
    if was_delivered:
        envelopes.drop(issued.voucher)
    else:
        Envelope.objects.update(expires_at=issued.voucher.created_at)

    # When
    rotated = rotate_code(
        voucher=issued.voucher, actor=acting(diane), reason="Lost", key=key()
    )

    # Then
    event = issued.voucher.events.get(kind="code_rotated")
    envelope = Envelope.objects.get()
    assert envelope.expires_at - event.created_at == timedelta(hours=24)
    assert envelopes.read(issued.voucher) == rotated.code

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.vouchers.conftest import acting
from vouchers.actors import Actor
from vouchers.admin.trail_sentences import WORDS, steps
from vouchers.models import VoucherEvent
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import reverse_redemption

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db


def test_steps__of_people_and_accounts__name_them(
    issued: Issued,
    claudine: Profile,
    kimironko: Station,
    odette: User,
    key: Callable[[], str],
) -> None:
    # Given
    redeem_voucher(
        code=issued.code, station=kimironko, actor=acting(claudine), key=key()
    )
    issued.voucher.refresh_from_db()
    reverse_redemption(
        voucher=issued.voucher, reason="Wrong", actor=Actor.of_user(odette), key=key()
    )

    # When
    made = steps(issued.voucher)

    # Then
    assert [step.sentence for step in made] == [
        "Issued by Diane over WhatsApp",
        "Redeemed by Claudine at Kimironko over WhatsApp",
        "Redemption taken back by odette at Kimironko over the back office",
    ]


def test_words__every_kind_of_event__has_some() -> None:
    assert set(WORDS) == set(VoucherEvent.Kind)

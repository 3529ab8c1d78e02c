from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.channels.whatsapp.changes import Change, What
from agents.channels.whatsapp.payload import Sender
from agents.models import HandOff, IdentityClaim
from agents.services import identity_changes, identity_claims
from agents.services.identity import identify
from tests import payloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchers.models import Profile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

OLD, NEW = "+250788123456", "+250788999999"
FIRST, SECOND = "RW.1111111111", "RW.2222222222"


@pytest.fixture(autouse=True)
def _chat(switch: Callable[..., None]) -> None:
    switch(chat=True)


def who(number: str = "", bsuid: str = "") -> Profile | None:
    sender = Sender(number=number, bsuid=bsuid, name="")
    return identify(sender, is_synthetic=False).profile


def told(what: What, **names: str) -> Profile | None:
    change = Change("", payloads.PHONE_NUMBER_ID, what, **names)
    return identity_changes.take_in(change, is_synthetic=False)


def test_take_in__number_told_again_after_binding__not_asked_again() -> None:
    # Given
    aline = who(OLD, FIRST)
    told(What.NUMBER, old_number=OLD, number=NEW)
    claim = IdentityClaim.objects.get()
    identity_claims.bind(claim_id=claim.pk, actor="eve", reason="She came by")

    # When: with the id only, for the old number is nobody's any more
    told(What.NUMBER, old_bsuid=FIRST, bsuid=SECOND, number=NEW)

    # Then
    assert IdentityClaim.objects.count() == 1
    assert HandOff.objects.get().closed_at is not None
    assert who(NEW) == aline


def test_take_in__number_changed_to_none__nothing_noted() -> None:
    # Given
    aline = who(OLD, FIRST)

    # When
    told(What.NUMBER, old_number=OLD, bsuid=SECOND)

    # Then
    assert not IdentityClaim.objects.exists()
    assert who(OLD) == aline


@pytest.mark.parametrize(
    "names", [{"bsuid": SECOND}, {"number": NEW}], ids=["by her id", "by her number"]
)
def test_take_in__changed_to_a_name_of_another__claim_names_both(
    names: dict[str, str],
) -> None:
    # Given
    aline, bosco = who(OLD, FIRST), who(NEW, SECOND)
    what = What.USER_ID if "bsuid" in names else What.NUMBER

    # When
    told(what, old_number=OLD, old_bsuid=FIRST, **names)

    # Then
    claim = IdentityClaim.objects.get()
    assert (claim.profile, claim.other) == (aline, bosco)


def test_take_in__number_changed_together_with_her_own_id__no_other_person() -> None:
    # Given
    aline = who(OLD, FIRST)

    # When
    told(What.NUMBER, old_number=OLD, number=NEW, bsuid=FIRST)

    # Then
    claim = IdentityClaim.objects.get()
    assert (claim.profile, claim.other) == (aline, None)

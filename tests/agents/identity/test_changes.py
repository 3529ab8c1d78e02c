from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.identity import changes, disputes
from agents.identity.resolution import resolve_sender
from agents.models import HandOff, IdentityClaim
from agents.whatsapp.senders import Sender
from agents.whatsapp.user_updates import ChangeKind, IdentityChange
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
    return resolve_sender(sender, is_synthetic=False).profile


def told(kind: ChangeKind, **names: str) -> Profile | None:
    change = IdentityChange("", payloads.PHONE_NUMBER_ID, kind, **names)
    return changes.process_identity_change(change, is_synthetic=False)


def test_process_identity_change__number_bound_already__no_second_dispute() -> None:
    # Given
    aline = who(OLD, FIRST)
    told(ChangeKind.NUMBER, old_number=OLD, number=NEW)
    claim = IdentityClaim.objects.get()
    disputes.bind_identities(claim_id=claim.pk, actor="eve", reason="Came by")

    # When: reported by user id, because the old number identifies no one now
    told(ChangeKind.NUMBER, old_bsuid=FIRST, bsuid=SECOND, number=NEW)

    # Then
    assert IdentityClaim.objects.count() == 1
    assert HandOff.objects.get().closed_at is not None
    assert who(NEW) == aline


def test_process_identity_change__no_new_number__nothing_stored() -> None:
    # Given
    aline = who(OLD, FIRST)

    # When
    told(ChangeKind.NUMBER, old_number=OLD, bsuid=SECOND)

    # Then
    assert not IdentityClaim.objects.exists()
    assert who(OLD) == aline


@pytest.mark.parametrize(
    "names", [{"bsuid": SECOND}, {"number": NEW}], ids=["user id", "number"]
)
def test_process_identity_change__identity_of_another_person__dispute_names_both(
    names: dict[str, str],
) -> None:
    # Given
    aline, bosco = who(OLD, FIRST), who(NEW, SECOND)
    kind = ChangeKind.USER_ID if "bsuid" in names else ChangeKind.NUMBER

    # When
    told(kind, old_number=OLD, old_bsuid=FIRST, **names)

    # Then
    claim = IdentityClaim.objects.get()
    assert (claim.profile, claim.other) == (aline, bosco)


def test_process_identity_change__number_with_own_user_id__no_other_person() -> None:
    # Given
    aline = who(OLD, FIRST)

    # When
    told(ChangeKind.NUMBER, old_number=OLD, number=NEW, bsuid=FIRST)

    # Then
    claim = IdentityClaim.objects.get()
    assert (claim.profile, claim.other) == (aline, None)

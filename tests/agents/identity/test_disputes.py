from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from agents.core.errors import IdentityRefused
from agents.identity import changes, disputes
from agents.identity.resolution import add_shared_number, resolve_sender
from agents.models import HandOff, Identity, IdentityClaim
from agents.whatsapp.senders import Sender
from agents.whatsapp.user_updates import ChangeKind, IdentityChange
from tests import payloads
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

OLD, NEW = "+250788123456", "+250788999999"
FIRST, SECOND = "RW.1111111111", "RW.2222222222"
Kind = IdentityClaim.Kind


@pytest.fixture(autouse=True)
def _chat(switch: Callable[..., None]) -> None:
    switch(chat=True)


def who(number: str = "", bsuid: str = "", **facts: str) -> Profile | None:
    sender = Sender(number=number, bsuid=bsuid, name="", **facts)
    return resolve_sender(sender, is_synthetic=False).profile


def told(what: ChangeKind, **names: str) -> Profile | None:
    change = IdentityChange("", payloads.PHONE_NUMBER_ID, what, **names)
    return changes.process_identity_change(change, is_synthetic=False)


def bind(claim: IdentityClaim) -> None:
    disputes.bind_identities(claim_id=claim.pk, actor="eve", reason="seen in person")


def test_process_identity_change__number_changed__old_number_identifies_no_one() -> (
    None
):
    # Given
    aline = who(OLD)

    # When
    for _ in range(2):
        told(ChangeKind.NUMBER, old_number=OLD, number=NEW)

    # Then
    claim = IdentityClaim.objects.get()
    assert (claim.kind, claim.profile, claim.number) == (
        Kind.NUMBER_CHANGED,
        aline,
        NEW,
    )
    aline = Profile.objects.get()
    assert aline.msisdn == OLD
    # The new owner of the number is a new person.
    stranger = who(OLD, SECOND)
    assert stranger is not None
    assert stranger != aline
    assert stranger.msisdn is None


def test_process_identity_change__unknown_person_or_other_number__no_profile() -> None:
    # When
    told(ChangeKind.NUMBER, old_number=OLD, number=NEW)
    told(ChangeKind.USER_ID, old_bsuid=FIRST, bsuid=SECOND)

    # Then
    assert not Profile.objects.exists()
    assert not IdentityClaim.objects.exists()


def test_bind_identities__changed_number_and_its_new_profile__both_identities_bound() -> (
    None
):
    # Given
    aline = who(OLD, FIRST)
    told(ChangeKind.NUMBER, old_number=OLD, number=NEW)
    newcomer = who(NEW, SECOND)
    assert newcomer != aline

    # When
    bind(IdentityClaim.objects.get())

    # Then
    assert who(NEW, SECOND) == aline
    assert who(NEW) == who("", SECOND) == aline
    assert who("", FIRST) != aline
    assert HandOff.objects.get().closed_at is not None


def test_bind_identities__number_changed__old_number_identifies_its_next_owner() -> (
    None
):
    # Given
    aline = who(OLD)
    told(ChangeKind.NUMBER, old_number=OLD, number=NEW)

    # When
    bind(IdentityClaim.objects.get())

    # Then
    former = Identity.objects.get(kind=Identity.Kind.WA_ID, value=OLD)
    assert former.superseded_at is not None
    assert who(OLD) != aline
    assert who(NEW) == aline


@pytest.mark.django_db(transaction=True)
def test_bind_identities__two_decisions_at_once__one_counts(committed_db: str) -> None:
    # Given
    who(OLD, FIRST)
    who(OLD, SECOND)
    claim = IdentityClaim.objects.get()
    start = Barrier(2)

    def decide(actor: str) -> str:
        try:
            start.wait(60)
            done = disputes.bind_identities(
                claim_id=claim.pk, actor=actor, reason="Seen"
            )
            return done.decided_by
        except IdentityRefused:
            return ""
        finally:
            connections.close_all()

    # When
    with ThreadPoolExecutor(2) as pool:
        decided = sorted(pool.map(decide, ["eve", "odette"]))

    # Then
    claim.refresh_from_db()
    assert decided == ["", claim.decided_by]
    bound = Identity.objects.filter(kind=Identity.Kind.BSUID, value=SECOND)
    assert bound.filter(superseded_at=None).count() == 1


def test_open_dispute__other_person_known_later__added_once() -> None:
    # Given
    aline = who(OLD, FIRST)
    assert aline is not None
    told(ChangeKind.USER_ID, old_bsuid=FIRST, bsuid=SECOND)
    assert IdentityClaim.objects.get().other is None
    newcomer, bosco = who("", SECOND), who(NEW)

    # When
    for other in (newcomer, bosco, None):
        disputes.open_dispute(
            kind=Kind.ID_CHANGED, profile=aline, other=other, bsuid=SECOND
        )

    # Then
    assert IdentityClaim.objects.get().other == newcomer


def test_bind_identities__user_id_changed__new_id_bound_and_old_one_superseded() -> (
    None
):
    # Given
    aline = who(OLD, FIRST)
    told(ChangeKind.USER_ID, old_bsuid=FIRST, bsuid=SECOND)
    assert who("", SECOND) != aline

    # When
    bind(IdentityClaim.objects.get())

    # Then
    assert who("", SECOND) == aline
    assert Identity.objects.get(value=FIRST).superseded_at is not None


def test_bind_identities__changed_number__other_identities_stay() -> None:
    # Given
    third = "+250788777777"
    aline, carine = who(OLD, FIRST), who(third)
    left = Identity.objects.create(
        kind=Identity.Kind.LEFT_NUMBER, value="+250788666666", profile=carine
    )
    told(ChangeKind.NUMBER, old_number=OLD, number=NEW)

    # When
    bind(IdentityClaim.objects.get())

    # Then
    assert who("", FIRST) == who(NEW) == aline
    assert who(third) == carine
    assert Profile.objects.get(msisdn=third) == carine
    assert Identity.objects.get(value=third).superseded_at is None
    left.refresh_from_db()
    assert left.superseded_at is None


def test_bind_identities__number_that_the_person_has__stays_theirs() -> None:
    # Given
    aline = who(OLD, FIRST)
    claim = IdentityClaim.objects.create(
        kind=Kind.OTHER_ID, profile=aline, bsuid=SECOND, number=OLD
    )

    # When
    bind(claim)

    # Then
    assert Profile.objects.get().msisdn == OLD
    assert who(OLD) == who("", SECOND) == aline


@pytest.mark.parametrize("changed", ["kind", "profile", "bsuid", "number"])
def test_open_dispute__same_again__new_only_with_another_kind_person_or_identity(
    changed: str,
) -> None:
    # Given
    dispute = {
        "kind": Kind.FIRST_ID,
        "profile": who(OLD, FIRST),
        "bsuid": SECOND,
        "number": OLD,
    }
    other = {
        "kind": Kind.ID_CHANGED,
        "profile": who(NEW),
        "bsuid": FIRST,
        "number": NEW,
    }

    # When
    opened = [
        disputes.open_dispute(**dispute | change)
        for change in ({}, {changed: other[changed]}) * 2
    ]

    # Then
    assert opened == [True, True, False, False]


@pytest.mark.parametrize("changed", ["bsuid", "number", "other", "profile"])
def test_open_dispute__known_pair__new_only_for_another_identity_or_person(
    changed: str,
) -> None:
    # Given
    aline, bosco, carine = who(OLD), who(NEW), who("", FIRST)
    names = {"profile": aline, "other": bosco, "bsuid": SECOND, "number": NEW}
    assert disputes.open_dispute(kind=Kind.OTHER_ID, **names)
    assert not disputes.open_dispute(kind=Kind.TWO_PEOPLE, **names)
    turned = {**names, "profile": bosco, "other": aline}
    assert not disputes.open_dispute(kind=Kind.TWO_PEOPLE, **turned)

    # When
    new = {"bsuid": FIRST, "number": OLD, "other": carine, "profile": carine}
    is_new = disputes.open_dispute(
        kind=Kind.TWO_PEOPLE, **names | {changed: new[changed]}
    )

    # Then
    assert is_new
    assert IdentityClaim.objects.count() == 2


def test_keep_separate__recycled_number__no_new_dispute() -> None:
    # Given
    aline = who(OLD, FIRST)
    stranger = who(OLD, SECOND)
    claim = IdentityClaim.objects.get()
    assert (claim.kind, claim.other) == (Kind.OTHER_ID, stranger)

    # When
    disputes.keep_separate(claim_id=claim.pk, actor="eve", reason="Two people")
    who(OLD, SECOND)

    # Then
    assert IdentityClaim.objects.count() == 1
    assert who(OLD, FIRST) == aline
    assert who(OLD, SECOND) == stranger
    with pytest.raises(IdentityRefused):
        bind(claim)


def test_bind_identities__recycled_number__profile_with_vouchers_keeps_it() -> None:
    # Given
    aline = who(OLD, FIRST)
    who(OLD, SECOND)

    # When
    bind(IdentityClaim.objects.get())

    # Then
    assert who(OLD, SECOND) == aline


def test_bind_identities__sandbox_and_real__refused() -> None:
    # Given
    aline = who(OLD, FIRST)
    assert aline is not None
    sandbox = Profile.objects.create(is_sandbox=True)
    claim = IdentityClaim.objects.create(
        kind=Kind.OTHER_ID, profile=sandbox, other=aline, bsuid=FIRST
    )

    # When
    with pytest.raises(IdentityRefused):
        bind(claim)

    # Then
    assert who("", FIRST) == aline


def test_resolve_sender__parent_id__stored_and_identifies_no_one() -> None:
    # Given
    aline = who(OLD, FIRST, parent="RW.ENT.7")

    # When
    other = who(NEW, SECOND, parent="RW.ENT.7")

    # Then
    assert other != aline
    assert Identity.objects.get(kind="parent").profile == aline


def test_resolve_sender__username_of_another_person__identifies_no_one() -> None:
    aline = who(OLD, FIRST, username="aline")
    assert who("", SECOND, username="aline") != aline


def test_resolve_sender__known_id_with_another_number__number_not_bound() -> None:
    # Given
    aline = who(OLD, FIRST)

    # When
    found = who(NEW, FIRST)

    # Then
    assert found == aline
    assert Profile.objects.get().msisdn == OLD
    assert IdentityClaim.objects.get().kind == Kind.NUMBER_CHANGED


def test_add_shared_number__number_of_another_person__dispute() -> None:
    # Given
    aline = who(OLD, FIRST)
    stranger = who("", SECOND)
    assert stranger is not None

    # When
    learned = add_shared_number(stranger, OLD, bsuid=SECOND)

    # Then
    assert not learned
    claim = IdentityClaim.objects.get()
    assert (claim.profile, claim.other) == (stranger, aline)


def test_add_shared_number__sandbox_person__refused() -> None:
    sandbox = Profile.objects.create(is_sandbox=True)
    assert not add_shared_number(sandbox, NEW, bsuid="")


def test_resolve_sender__claimed_id_on_a_second_staff_number__new_person() -> None:
    # Given
    diane = Profile.objects.create(msisdn=OLD, role=Profile.Role.STAFF)
    eric = Profile.objects.create(msisdn=NEW, role=Profile.Role.STAFF)
    assert who(OLD, FIRST) == diane

    # When
    found = who(NEW, FIRST)

    # Then
    assert found not in {diane, eric}

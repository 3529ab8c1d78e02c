from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from agents.channels.whatsapp.changes import Change, What
from agents.channels.whatsapp.payload import Sender
from agents.errors import IdentityRefused
from agents.models import HandOff, Identity, IdentityClaim
from agents.services import identity_changes, identity_claims
from agents.services.identity import identify, learn_number
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
    return identify(sender, is_synthetic=False).profile


def told(what: What, **names: str) -> Profile | None:
    change = Change("", payloads.PHONE_NUMBER_ID, what, **names)
    return identity_changes.take_in(change, is_synthetic=False)


def bind(claim: IdentityClaim) -> None:
    identity_claims.bind(claim_id=claim.pk, actor="eve", reason="She came by")


def test_take_in__number_changed__old_number_names_nobody_and_nothing_moves() -> None:
    # Given
    aline = who(OLD)

    # When
    for _ in range(2):
        told(What.NUMBER, old_number=OLD, number=NEW)

    # Then
    claim = IdentityClaim.objects.get()
    assert (claim.kind, claim.profile, claim.number) == (
        Kind.NUMBER_CHANGED,
        aline,
        NEW,
    )
    aline = Profile.objects.get()
    assert aline.msisdn == OLD
    # Whoever has bought the number is somebody new.
    stranger = who(OLD, SECOND)
    assert stranger is not None
    assert stranger != aline
    assert stranger.msisdn is None


def test_take_in__unknown_person_or_other_number_of_ours__nobody_is_made() -> None:
    # When
    told(What.NUMBER, old_number=OLD, number=NEW)
    told(What.USER_ID, old_bsuid=FIRST, bsuid=SECOND)

    # Then
    assert not Profile.objects.exists()
    assert not IdentityClaim.objects.exists()


def test_bind__changed_number_and_the_person_made_for_it__both_names_are_hers() -> None:
    # Given
    aline = who(OLD, FIRST)
    told(What.NUMBER, old_number=OLD, number=NEW)
    newcomer = who(NEW, SECOND)
    assert newcomer != aline

    # When
    bind(IdentityClaim.objects.get())

    # Then
    assert who(NEW, SECOND) == aline
    assert who(NEW) == who("", SECOND) == aline
    assert who("", FIRST) != aline
    assert HandOff.objects.get().closed_at is not None


def test_bind__changed_number__old_number_names_its_next_owner() -> None:
    # Given
    aline = who(OLD)
    told(What.NUMBER, old_number=OLD, number=NEW)

    # When
    bind(IdentityClaim.objects.get())

    # Then
    former = Identity.objects.get(kind=Identity.Kind.WA_ID, value=OLD)
    assert former.superseded_at is not None
    assert who(OLD) != aline
    assert who(NEW) == aline


@pytest.mark.django_db(transaction=True)
def test_bind__two_people_decide_at_once__one_decision_counts(
    committed_db: str,
) -> None:
    # Given
    who(OLD, FIRST)
    who(OLD, SECOND)
    claim = IdentityClaim.objects.get()
    start = Barrier(2)

    def decide(actor: str) -> str:
        try:
            start.wait(60)
            done = identity_claims.bind(claim_id=claim.pk, actor=actor, reason="Seen")
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


def test_claim__other_person_known_only_later__added_once() -> None:
    # Given
    aline = who(OLD, FIRST)
    told(What.USER_ID, old_bsuid=FIRST, bsuid=SECOND)
    assert IdentityClaim.objects.get().other is None
    newcomer, bosco = who("", SECOND), who(NEW)

    # When
    for other in (newcomer, bosco, None):
        identity_claims.claim(
            kind=Kind.ID_CHANGED, profile=aline, other=other, bsuid=SECOND
        )

    # Then
    assert IdentityClaim.objects.get().other == newcomer


def test_bind__user_id_changed__new_id_hers_and_the_old_one_nobodys() -> None:
    # Given
    aline = who(OLD, FIRST)
    told(What.USER_ID, old_bsuid=FIRST, bsuid=SECOND)
    assert who("", SECOND) != aline

    # When
    bind(IdentityClaim.objects.get())

    # Then
    assert who("", SECOND) == aline
    assert Identity.objects.get(value=FIRST).superseded_at is not None


def test_keep_apart__recycled_number__asked_no_more() -> None:
    # Given
    aline = who(OLD, FIRST)
    stranger = who(OLD, SECOND)
    claim = IdentityClaim.objects.get()
    assert (claim.kind, claim.other) == (Kind.OTHER_ID, stranger)

    # When
    identity_claims.keep_apart(claim_id=claim.pk, actor="eve", reason="Two people")
    who(OLD, SECOND)

    # Then
    assert IdentityClaim.objects.count() == 1
    assert who(OLD, FIRST) == aline
    assert who(OLD, SECOND) == stranger
    with pytest.raises(IdentityRefused):
        bind(claim)


def test_bind__recycled_number_is_hers_after_all__vouchers_profile_keeps_it() -> None:
    # Given
    aline = who(OLD, FIRST)
    who(OLD, SECOND)

    # When
    bind(IdentityClaim.objects.get())

    # Then
    assert who(OLD, SECOND) == aline


def test_bind__sandbox_and_real__refused() -> None:
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


def test_identify__parent_id__noted_and_identifies_nobody() -> None:
    # Given
    aline = who(OLD, FIRST, parent="RW.ENT.7")

    # When
    other = who(NEW, SECOND, parent="RW.ENT.7")

    # Then
    assert other != aline
    assert Identity.objects.get(kind="parent").profile == aline


def test_identify__username_of_somebody_else__makes_nobody_her() -> None:
    aline = who(OLD, FIRST, username="aline")
    assert who("", SECOND, username="aline") != aline


def test_identify__known_id_with_another_number__number_not_taken_over() -> None:
    # Given
    aline = who(OLD, FIRST)

    # When
    found = who(NEW, FIRST)

    # Then
    assert found == aline
    assert Profile.objects.get().msisdn == OLD
    assert IdentityClaim.objects.get().kind == Kind.NUMBER_CHANGED


def test_learn_number__somebody_elses__asked_and_not_taken() -> None:
    # Given
    aline = who(OLD, FIRST)
    stranger = who("", SECOND)
    assert stranger is not None

    # When
    learned = learn_number(stranger, OLD, bsuid=SECOND)

    # Then
    assert not learned
    claim = IdentityClaim.objects.get()
    assert (claim.profile, claim.other) == (stranger, aline)


def test_learn_number__sandbox_person__never_a_real_number() -> None:
    sandbox = Profile.objects.create(is_sandbox=True)
    assert not learn_number(sandbox, NEW, bsuid="")


def test_identify__claimed_id_on_a_second_staff_number__a_stranger() -> None:
    # Given
    diane = Profile.objects.create(msisdn=OLD, role=Profile.Role.STAFF)
    eric = Profile.objects.create(msisdn=NEW, role=Profile.Role.STAFF)
    assert who(OLD, FIRST) == diane

    # When
    found = who(NEW, FIRST)

    # Then
    assert found not in {diane, eric}

"""A redemption made by mistake is taken back once, in time, by a person who may."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tests.roles import confirm_role
from tests.vouchers import guards
from tests.vouchers.conftest import acting, rwf
from tests.vouchers.database_clock import database_clock
from tests.vouchers.racing import race, without
from vouchers import errors
from vouchers.actors import Actor
from vouchers.audit.verify import verify_one
from vouchers.models import (
    AuthorityChange,
    Profile,
    Refusal,
    ReversalRequest,
    Voucher,
    VoucherEvent,
)
from vouchers.services.approve import approve_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import decide_reversal, reverse_redemption

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from vouchers.models import Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db


@dataclass
class Desk:
    """A redeemed voucher of Aline at Kimironko, and the people who may undo it."""

    voucher: Voucher
    people: dict[str, Actor]
    key: Callable[[], str]

    def undo(self, who: str, *, key: str = "", reason: str = "Wrong pump") -> object:
        return reverse_redemption(
            voucher=self.voucher,
            reason=reason,
            actor=self.people[who],
            key=key or self.key(),
        )


@pytest.fixture
def desk(
    issued: Issued,
    kimironko: Station,
    nyabugogo: Station,
    claudine: Profile,
    aline: Profile,
    diane: Profile,
    odette: User,
    key: Callable[[], str],
) -> Desk:
    redeem_voucher(
        code=issued.code, station=kimironko, actor=acting(claudine), key=key()
    )
    other = Profile.objects.create(name="O", role="station", station=nyabugogo)
    return Desk(
        Voucher.objects.get(pk=issued.voucher.pk),
        {
            "station": acting(claudine),
            "other station": acting(other),
            "customer": acting(aline),
            "staff": acting(diane),
            "back office": Actor.of_user(odette),
            "token": Actor("token", "pump", "api"),
        },
        key,
    )


@pytest.fixture
def large(
    aline: Profile,
    diane: Profile,
    kimironko: Station,
    claudine: Profile,
    odette: User,
    pascal: User,
    key: Callable[[], str],
    desk: Desk,
) -> Desk:
    """A redeemed voucher above the limit, issued with the approval of Odette."""

    asked = issue_voucher(
        customer=aline, amount=rwf(30_000), actor=acting(diane), key=key()
    )
    issued = approve_voucher(
        voucher=asked.voucher, approver=pascal, reason="Yes", key=key()
    )
    redeem_voucher(
        code=issued.code, station=kimironko, actor=acting(claudine), key=key()
    )
    return Desk(Voucher.objects.get(pk=asked.voucher.pk), desk.people, key)


@pytest.mark.parametrize("who", ["station", "back office"])
def test_reverse__in_time__the_voucher_can_be_spent_again(
    desk: Desk, issued: Issued, kimironko: Station, claudine: Profile, who: str
) -> None:
    # When
    done = desk.undo(who)

    # Then
    assert (done.voucher.status, done.is_requested) == ("issued", False)
    taken = VoucherEvent.objects.get(kind="reversed")
    redeemed = VoucherEvent.objects.get(kind="redeemed")
    assert taken.reverses == redeemed
    assert taken.station == kimironko
    assert taken.note.text == "Wrong pump"
    assert verify_one(voucher=desk.voucher) == []
    redeem_voucher(
        code=issued.code, station=kimironko, actor=acting(claudine), key=desk.key()
    )
    assert VoucherEvent.objects.filter(kind="redeemed").count() == 2


REFUSED = {
    "customer": errors.NotAllowed,
    "staff": errors.NotAllowed,
    "token": errors.NotAllowed,
    "other station": errors.VoucherNotFound,
}


@pytest.mark.parametrize("who", REFUSED)
def test_reverse__by_another__is_refused(desk: Desk, who: str) -> None:
    with pytest.raises(REFUSED[who]):
        desk.undo(who)
    assert not VoucherEvent.objects.filter(kind="reversed").exists()
    assert Refusal.objects.filter(operation="reverse").count() == 1


@pytest.mark.parametrize(
    ("who", "after", "is_late"),
    [
        ("station", timedelta(minutes=14, seconds=58), False),
        ("station", timedelta(minutes=15, seconds=2), True),
        ("back office", timedelta(hours=23, minutes=59), False),
        ("back office", timedelta(hours=24, seconds=2), True),
    ],
)
def test_reverse__at_the_end_of_the_period__is_exact(
    desk: Desk, who: str, after: timedelta, is_late: bool
) -> None:
    outcome = pytest.raises(errors.TooLate) if is_late else nullcontext()
    with database_clock(timezone.now() + after), outcome:
        desk.undo(who)
    assert VoucherEvent.objects.filter(kind="reversed").exists() is not is_late


def test_reverse__not_redeemed__says_the_status(
    requested: Issued, odette: User, key: Callable[[], str]
) -> None:
    with pytest.raises(errors.NotRedeemed, match="it is pending approval"):
        reverse_redemption(
            voucher=requested.voucher,
            reason="x",
            actor=Actor.of_user(odette),
            key=key(),
        )


def test_reverse__same_key__is_replayed_and_other_reason_refused(desk: Desk) -> None:
    first = desk.undo("station", key="page:1")
    again = desk.undo("station", key="page:1")
    assert (first.replayed, again.replayed, again.at) == (False, True, first.at)
    with pytest.raises(errors.KeyReused):
        desk.undo("station", key="page:1", reason="Another")
    assert VoucherEvent.objects.filter(kind="reversed").count() == 1


def test_reverse__vouchers_off__only_the_back_office_may(desk: Desk) -> None:
    guards.open_in_database("SELECT false")
    with pytest.raises(errors.FeatureDisabled):
        desk.undo("station")
    assert desk.undo("back office").voucher.status == "issued"


def test_reverse__above_the_limit__waits_for_a_second_person(
    large: Desk, odette: User, pascal: User
) -> None:
    # When: asked twice with the same key, and once more
    asked = large.undo("back office", key="page:2")
    again = large.undo("back office", key="page:2")
    with pytest.raises(errors.AlreadyAsked):
        large.undo("station")

    # Then
    assert (asked.is_requested, again.is_requested) == (True, True)
    request = ReversalRequest.objects.get()
    large.voucher.refresh_from_db()
    assert large.voucher.status == "redeemed"
    with pytest.raises(errors.SecondPersonNeeded):
        decide_reversal(
            request=request, decision="approved", approver=odette, reason="x", key="d1"
        )
    done = decide_reversal(
        request=request, decision="approved", approver=pascal, reason="Yes", key="d2"
    )
    assert done.status == "issued"
    request.refresh_from_db()
    assert (request.decision, request.decided_by) == ("approved", pascal)
    assert verify_one(voucher=large.voucher) == []
    with pytest.raises(errors.RequestDecided):
        decide_reversal(
            request=request, decision="refused", approver=pascal, reason="x", key="d3"
        )


def test_reverse__refused_by_a_second_person__can_be_asked_again(
    large: Desk, pascal: User
) -> None:
    large.undo("station")
    request = ReversalRequest.objects.get()
    decide_reversal(
        request=request, decision="refused", approver=pascal, reason="No", key="d1"
    )
    large.voucher.refresh_from_db()
    assert large.voucher.status == "redeemed"
    assert large.undo("station").is_requested


def made_by(giver: User, account: User) -> None:
    """Record that one account gave the other its rights yesterday."""
    at = timezone.now() - timedelta(days=1)
    AuthorityChange.objects.create(
        kind="account", account=account, what="Group operator", given_by=giver,
        given_by_name="x", source="admin", given_at=at, decision="confirmed",
        decided_at=at, decided_by_name="x",
    )  # fmt: skip


def linked_and_made(
    pascal: User, odette: User, claudine: Profile, aline: Profile
) -> None:
    linked(claudine, odette)
    made_by(odette, pascal)


# Who asked, and what links Pascal, who approves, to the asker or the owner: claudine is
# the asker at the station, odette the one in the back office.
PARTS: dict[str, tuple[str, Callable[[User, User, Profile, Profile], object]]] = {
    "own number": ("station", lambda p, o, c, a: linked(c, p)),
    "owner": ("station", lambda p, o, c, a: linked(a, p)),
    "gave the role": ("station", lambda p, o, c, a: confirm_role(c, given_by=p)),
    "gave the rights": ("back office", lambda p, o, c, a: made_by(p, o)),
    "made by the asker": ("back office", lambda p, o, c, a: made_by(o, p)),
    "made by the asker's account": ("station", linked_and_made),
}


def linked(profile: Profile, user: User) -> None:
    Profile.objects.filter(pk=profile.pk).update(user=user)


@pytest.mark.parametrize("case", PARTS)
def test_decide__person_with_a_part_in_it__is_refused(
    large: Desk,
    pascal: User,
    odette: User,
    claudine: Profile,
    aline: Profile,
    case: str,
) -> None:
    asker, link = PARTS[case]
    large.undo(asker)
    link(pascal, odette, claudine, aline)
    with pytest.raises(errors.SecondPersonNeeded):
        decide_reversal(
            request=ReversalRequest.objects.get(),
            decision="approved",
            approver=pascal,
            reason="x",
            key="d1",
        )
    assert not VoucherEvent.objects.filter(kind="reversed").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM voucher_reversal_request",
        "TRUNCATE voucher_reversal_request",
        "UPDATE voucher_reversal_request SET reason = 'other'",
        "UPDATE voucher_reversal_request SET asked_by_user_id = NULL, asked_by_id = '9'",
        "UPDATE voucher_reversal_request SET decision = 'approved',"
        " decided_at = now(), decided_by_id = asked_by_user_id",
    ],
)
def test_request__written_by_hand__is_refused(large: Desk, statement: str) -> None:
    large.undo("back office")
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


# All calls have looked at the voucher before the first of them commits.
SLOW = """
CREATE FUNCTION slow_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$;
CREATE TRIGGER slow_reversal BEFORE INSERT ON voucher_event FOR EACH ROW
    WHEN (NEW.kind = 'reversed') EXECUTE FUNCTION slow_reversal();
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_reverse__at_the_same_moment__happens_once(
    committed_db: None, desk: Desk, is_locked: bool
) -> None:
    # Given: without its lock, the calls meet at the table's own constraint
    if not is_locked:
        without("reverse", "FOR NO KEY UPDATE")
    with connection.cursor() as cursor:
        cursor.execute(SLOW)

    # When
    results = race(*[lambda: desk.undo("back office") for _ in range(4)])

    # Then
    events = VoucherEvent.objects.filter(kind="reversed")
    assert events.count() == 1
    refused = [each for each in results if isinstance(each, Exception)]
    assert len(refused) == 3
    is_clear = all(isinstance(each, errors.NotRedeemed) for each in refused)
    assert is_clear is is_locked

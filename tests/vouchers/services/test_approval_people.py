"""Who may approve: a person cannot approve what they had a part in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agents.api.functions import Call, Subjects
from agents.api.tokens import create_token
from easymo.database.authorship import Author, authored
from tests.roles import confirm_role
from tests.vouchers.conftest import acting, rwf
from tests.vouchers.tampering import unguarded
from vouchers.actors import Actor
from vouchers.errors import SecondPersonNeeded
from vouchers.models import Approval, AuthorityChange, Profile, Refusal, Voucher
from vouchers.services.approve import approve_voucher, decline_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.profiles import create_or_change_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


@dataclass
class Case:
    """Odette decides on what Diane (or an account) asked for Aline."""

    odette: User
    pascal: User
    diane: Profile
    aline: Profile
    asks: Actor
    # What happens between the request and the approval.
    later: Callable[[], object] = bool

    def given(self, *, by: User, days: float, **facts: object) -> None:
        at = timezone.now() - timedelta(days=days)
        confirm_role(self.diane, given_by=by, given_at=at, decided_at=at, **facts)

    def rights(self, *, of: User, by: User, days: float, decision: str) -> None:
        at = timezone.now() - timedelta(days=days)
        decided = {} if decision == "waiting" else {"decided_at": at, "decided_by_name": "x"}  # fmt: skip
        AuthorityChange.objects.create(
            kind="account", account=of, what="Group operator", given_by=by,
            given_by_name="x", source="admin", given_at=at, decision=decision, **decided,
        )  # fmt: skip


def link(profile: Profile, user: User | None) -> None:
    create_or_change_profile(profile=profile, user=user, is_user_cleared=user is None)


def link_ended(case: Case, days: int) -> None:
    link(case.diane, case.odette)
    link(case.diane, None)
    with unguarded("change_record"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE change_record SET created_at = created_at - make_interval(days => %s)",
            [days],
        )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def two_numbers(case: Case) -> None:
    link(Profile.objects.create(name="First number"), case.odette)
    link(case.diane, case.odette)


def asks_as(case: Case, user: User) -> None:
    case.asks = Actor.of_user(user)


def asks_as_made_by_odette(case: Case) -> None:
    case.rights(of=case.pascal, by=case.odette, days=2, decision="confirmed")
    asks_as(case, case.pascal)


def asks_as_maker_of_odette(case: Case, days: float = 2) -> None:
    case.rights(of=case.odette, by=case.pascal, days=days, decision="confirmed")
    asks_as(case, case.pascal)


def profile_of_maker(case: Case) -> None:
    link(case.diane, case.pascal)
    case.rights(of=case.odette, by=case.pascal, days=2, decision="confirmed")


def asks_by_token(case: Case, creator: User | None) -> None:
    """A token asks that the account created in the back office, or a command did."""
    author = (
        Author("admin", creator.username, creator.pk) if creator else Author("command")
    )
    with authored(lambda: author):
        row, _ = create_token(
            name="partner", scopes=["create"], station=None, actor="x"
        )
    case.asks = Call(row, {}, Subjects(None), "key").actor


def token_of_made_account(case: Case) -> None:
    case.rights(of=case.pascal, by=case.odette, days=2, decision="confirmed")
    asks_by_token(case, case.pascal)


def token_of_maker(case: Case) -> None:
    case.rights(of=case.odette, by=case.pascal, days=2, decision="confirmed")
    asks_by_token(case, case.pascal)


def given_to_asker(case: Case) -> None:
    """Odette gave rights that wait for a second person."""
    case.rights(of=case.pascal, by=case.odette, days=1, decision="waiting")
    asks_as(case, case.pascal)


def linked_later(case: Case, profile: Profile, user: User) -> None:
    case.later = lambda: link(profile, user)


def maker_linked_later(case: Case) -> None:
    case.rights(of=case.odette, by=case.pascal, days=2, decision="confirmed")
    linked_later(case, case.diane, case.pascal)


def made_account_linked_later(case: Case) -> None:
    case.rights(of=case.pascal, by=case.odette, days=2, decision="confirmed")
    linked_later(case, case.diane, case.pascal)


BARRED: dict[str, Callable[[Case], None]] = {
    "own account": lambda c: asks_as(c, c.odette),
    "own number": lambda c: link(c.diane, c.odette),
    "second own number": two_numbers,
    "own number until today": lambda c: link_ended(c, 0),
    "own number until 29 days ago": lambda c: link_ended(c, 29),
    "for an own number": lambda c: link(c.aline, c.odette),
    "gave the role today": lambda c: c.given(by=c.odette, days=0),
    "gave the role 29 days ago": lambda c: c.given(by=c.odette, days=29.9),
    "changed the role": lambda c: c.given(by=c.odette, days=3, old_role="support"),
    "gave it by command": lambda c: c.given(by=c.odette, days=3, source="command"),
    "decided the identity": lambda c: c.given(by=c.odette, days=3, kind="identity"),
    "asked 40 days ago, confirmed 3 days ago": lambda c: confirm_role(
        c.diane,
        given_by=c.odette,
        given_at=timezone.now() - timedelta(days=40),
        decided_at=timezone.now() - timedelta(days=3),
    ),
    "account made by the approver": asks_as_made_by_odette,
    "approver made by the account": asks_as_maker_of_odette,
    "approver made by the owner of the number": profile_of_maker,
    "own token": lambda c: asks_by_token(c, c.odette),
    "token of an account made by the approver": token_of_made_account,
    "token of the account that made the approver": token_of_maker,
    "rights of the account wait": given_to_asker,
    "own number since after the request": lambda c: linked_later(c, c.diane, c.odette),
    "for a number that is own later": lambda c: linked_later(c, c.aline, c.odette),
    "number of the maker since after the request": maker_linked_later,
    "number of a made account since after the request": made_account_linked_later,
}
# What the approver reads, where two rules would bar.
SENTENCES = {"own account": "you requested it", "own token": "you created the token"}
FREE: dict[str, Callable[[Case], None]] = {
    "a stranger": lambda c: None,
    "gave the role 31 days ago": lambda c: c.given(by=c.odette, days=31),
    "another gave the role": lambda c: c.given(by=c.pascal, days=1),
    "only confirmed the role": lambda c: c.given(
        by=c.pascal, days=1, decided_by=c.odette
    ),
    "own number until 31 days ago": lambda c: link_ended(c, 31),
    "another account's number": lambda c: link(c.diane, c.pascal),
    "another account": lambda c: asks_as(c, c.pascal),
    "another account's token": lambda c: asks_by_token(c, c.pascal),
    "a token made by command": lambda c: asks_by_token(c, None),
    "approver made by the account 31 days ago": lambda c: asks_as_maker_of_odette(
        c, 31
    ),
}


@pytest.fixture
def case(odette: User, pascal: User, diane: Profile, aline: Profile) -> Case:
    return Case(odette, pascal, diane, aline, acting(diane))


def request_of(case: Case, key: Callable[[], str]) -> Voucher:
    voucher = issue_voucher(
        customer=case.aline, amount=rwf(30_000), actor=case.asks, key=key()
    ).voucher
    case.later()
    return voucher


@pytest.mark.parametrize("relation", BARRED)
def test_approve__person_had_a_part__is_refused_and_may_decline(
    case: Case, key: Callable[[], str], relation: str
) -> None:
    # Given
    BARRED[relation](case)
    voucher = request_of(case, key)
    decision = {"voucher": voucher, "approver": case.odette, "reason": "Fine"}

    # When
    with pytest.raises(SecondPersonNeeded, match=SENTENCES.get(relation)):
        approve_voucher(**decision, key=key())

    # Then
    assert Voucher.objects.get().status == "pending_approval"
    assert Refusal.objects.get().reason == "second_person_needed"
    assert not Approval.objects.exists()
    decline_voucher(**decision, key=key())


@pytest.mark.parametrize("relation", BARRED)
def test_database__approval_of_a_person_with_a_part__is_refused(
    case: Case, key: Callable[[], str], relation: str
) -> None:
    BARRED[relation](case)
    voucher = request_of(case, key)

    with (
        pytest.raises(DatabaseError, match="cannot approve"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO voucher_approval (voucher_id, decision, approver_id, created_at)"
            " VALUES (%s, 'approved', %s, now())",
            [voucher.pk, case.odette.pk],
        )


@pytest.mark.parametrize("relation", FREE)
def test_approve__second_person__issues(
    case: Case, key: Callable[[], str], relation: str
) -> None:
    FREE[relation](case)
    voucher = request_of(case, key)

    approve_voucher(voucher=voucher, approver=case.odette, reason="Fine", key=key())

    assert Voucher.objects.get().status == "issued"

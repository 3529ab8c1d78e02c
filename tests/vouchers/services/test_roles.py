"""Roles take effect when a second person has confirmed them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connection
from django.db.models import F

from easymo.database.authorship import Author, authored
from tests.roles import confirm_role
from tests.vouchers import raw_sql
from tests.vouchers.conftest import acting, rwf
from tests.vouchers.tampering import unguarded
from vouchers.errors import (
    AlreadyDecided,
    InvalidProfile,
    NotAllowed,
    SecondPersonNeeded,
)
from vouchers.models import AuthorityChange, Profile, Station
from vouchers.services import roles
from vouchers.services.issue import issue_voucher
from vouchers.services.profiles import create_or_change_profile
from vouchers.services.roles import Giver, confirm, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db
ROLES = ["customer", "staff", "station", "support"]
SOURCES = ["admin", "command", "demonstration"]


def by(user: User, reason: str = "New colleague") -> Giver:
    return Giver.of_user(user, reason=reason)


def through(source: str, user: User) -> Giver:
    return by(user) if source == "admin" else Giver(source=source)


def role_in_database(profile: Profile) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (voucher_who_is('profile', %s, NULL)).role", [str(profile.pk)]
        )
        return str(cursor.fetchone()[0])


def settle() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("old", "new"), list(product(ROLES, ROLES)))
def test_give__each_pair_of_roles__waits_in_the_back_office_unless_lowered(
    odette: User, pascal: User, kimironko: Station, old: str, new: str, source: str
) -> None:
    # Given
    person = Profile.objects.create(name="Eric", role=old, station=kimironko)
    before = AuthorityChange.objects.count()

    # When
    create_or_change_profile(
        profile=person, role=new, station=kimironko, giver=through(source, odette)
    )

    # Then
    settle()
    waits = source == "admin" and new not in {"customer", old}
    assert role_in_database(person) == (old if waits else new)
    assert AuthorityChange.objects.count() == before + (old != new)
    if waits:
        confirm(change=AuthorityChange.objects.latest("pk"), giver=by(pascal))
        settle()
        assert role_in_database(person) == new


def test_give__new_person__is_a_customer_until_confirmed(
    odette: User, pascal: User, aline: Profile, key: Callable[[], str]
) -> None:
    # Given
    eric = create_or_change_profile(msisdn="0788000077", role="staff", giver=by(odette))

    # When
    with pytest.raises(NotAllowed):
        issue_voucher(customer=aline, amount=rwf(5), actor=acting(eric), key=key())
    confirm(change=AuthorityChange.objects.get(), giver=by(pascal, "Seen"))
    issue_voucher(customer=aline, amount=rwf(5), actor=acting(eric), key=key())

    # Then
    change = AuthorityChange.objects.get()
    assert (change.given_by, change.decided_by) == (odette, pascal)
    assert (change.reason, change.decision_reason) == ("New colleague", "Seen")


def test_give__other_station__waits_too(
    odette: User, pascal: User, claudine: Profile, nyabugogo: Station
) -> None:
    # When
    create_or_change_profile(profile=claudine, station=nyabugogo, giver=by(odette))

    # Then
    claudine.refresh_from_db()
    assert claudine.station.code == "KIMIRONKO"  # type: ignore[union-attr]
    confirm(change=AuthorityChange.objects.latest("pk"), giver=by(pascal))
    claudine.refresh_from_db()
    assert claudine.station == nyabugogo


def test_give__second_request_meanwhile__is_refused(
    odette: User, pascal: User, aline: Profile
) -> None:
    create_or_change_profile(profile=aline, role="staff", giver=by(odette))
    with pytest.raises(InvalidProfile, match="waits for confirmation"):
        create_or_change_profile(profile=aline, role="support", giver=by(pascal))


def test_give__lowered_meanwhile__ends_the_request(
    odette: User, pascal: User, diane: Profile
) -> None:
    # Given
    create_or_change_profile(profile=diane, role="support", giver=by(odette))
    waiting = AuthorityChange.objects.latest("pk")

    # When
    create_or_change_profile(profile=diane, role="customer", giver=by(pascal))

    # Then
    assert role_in_database(diane) == "customer"
    with pytest.raises(AlreadyDecided):
        confirm(change=waiting, giver=by(pascal))


@pytest.mark.parametrize("decide", [confirm, refuse])
def test_decide__twice__is_refused(
    odette: User, pascal: User, aline: Profile, decide: Callable[..., object]
) -> None:
    create_or_change_profile(profile=aline, role="staff", giver=by(odette))
    change = AuthorityChange.objects.get()
    decide(change=change, giver=by(pascal))

    for again in (confirm, refuse):
        with pytest.raises(AlreadyDecided):
            again(change=change, giver=by(pascal))


def test_confirm__first_person__is_refused_and_changes_nothing(
    odette: User, aline: Profile
) -> None:
    create_or_change_profile(profile=aline, role="staff", giver=by(odette))

    with pytest.raises(SecondPersonNeeded):
        confirm(change=AuthorityChange.objects.get(), giver=by(odette))

    assert role_in_database(aline) == "customer"
    assert AuthorityChange.objects.get().decision == "waiting"


def test_confirm__own_role__is_refused(
    odette: User, pascal: User, aline: Profile
) -> None:
    create_or_change_profile(profile=aline, role="staff", user=pascal, giver=by(odette))
    with pytest.raises(SecondPersonNeeded):
        confirm(change=AuthorityChange.objects.get(), giver=by(pascal))
    assert role_in_database(aline) == "customer"


def test_refuse__first_person__may_take_it_back(odette: User, aline: Profile) -> None:
    create_or_change_profile(profile=aline, role="staff", giver=by(odette))
    refuse(change=AuthorityChange.objects.get(), giver=by(odette, "A mistake"))
    assert role_in_database(aline) == "customer"


def waiting_change(aline: Profile, odette: User) -> AuthorityChange:
    create_or_change_profile(profile=aline, role="staff", giver=by(odette))
    return AuthorityChange.objects.get()


CONFIRM = (
    "UPDATE authority_change SET decision = 'confirmed', decided_at = now(),"
    " decided_by_name = 'x', decided_by_id = {who} WHERE id = {id}"
)
RAW = {
    "unconfirmed role": (
        "UPDATE profiles SET role = 'staff' WHERE id = {aline}",
        "profile_role_confirmed",
    ),
    "role while it waits": (
        "UPDATE profiles SET role = 'staff' WHERE id = {aline}",
        "profile_role_confirmed",
    ),
    "new person with a role": (
        "INSERT INTO profiles (public_id, name, role, language, is_sandbox, is_active,"
        " created_at) VALUES (gen_random_uuid(), '', 'support', '', false, true, now())",
        "profile_role_confirmed",
    ),
    "confirmed by the first": (
        CONFIRM.replace("{who}", "{odette}"),
        "authority_change_by_second_person",
    ),
    "confirmed by no account": (
        CONFIRM.replace("{who}", "NULL"),
        "authority_change_confirmed_by_account",
    ),
    "deleted": ("DELETE FROM authority_change", "append_only"),
    "emptied": ("TRUNCATE authority_change", "append_only"),
    "another role": (
        "UPDATE authority_change SET new_role = 'support'",
        "append_only",
    ),
    "another giver": (
        "UPDATE authority_change SET given_by_id = NULL",
        "append_only",
    ),
    "another time": (
        "UPDATE authority_change SET given_at = given_at - interval '31 days'",
        "append_only",
    ),
}


@pytest.mark.parametrize("case", RAW)
def test_database__raw_statement__is_refused(
    odette: User, pascal: User, aline: Profile, case: str
) -> None:
    # Given
    change = waiting_change(aline, odette)
    settle()
    statement, constraint = RAW[case]
    statement = statement.replace("{aline}", str(aline.pk))
    statement = statement.replace("{odette}", str(odette.pk))
    statement = statement.replace("{id}", str(change.pk))

    # When
    with pytest.raises(DatabaseError) as caught:
        raw_sql.execute(statement)

    # Then
    assert caught.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]
    assert role_in_database(aline) == "customer"


def refused_by(constraint: str, statement: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        raw_sql.execute(statement)
    assert caught.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_database__confirmed_by_the_person_themselves__is_refused(
    odette: User, pascal: User, aline: Profile
) -> None:
    change = waiting_change(aline, odette)
    Profile.objects.filter(pk=aline.pk).update(user=pascal)
    settle()

    statement = CONFIRM.format(who=pascal.pk, id=change.pk)
    refused_by("authority_change_not_of_oneself", statement)


@pytest.mark.parametrize("case", ["another role", "another station", "before"])
def test_database__role_confirmed_otherwise__is_refused(
    aline: Profile, kimironko: Station, nyabugogo: Station, case: str
) -> None:
    # Given: a confirmed role that is not the one of the statement
    wanted = f"role = 'station', station_id = {kimironko.pk}"
    if case == "another role":
        wanted = "role = 'staff'"
    station = nyabugogo if case == "another station" else kimironko
    confirm_role(aline, new_role="station", new_station=station)
    if case == "before":
        with unguarded("authority_change"):
            AuthorityChange.objects.update(transaction_id=F("transaction_id") - 1)

    # Then
    statement = f"UPDATE profiles SET {wanted} WHERE id = {aline.pk}"
    refused_by("profile_role_confirmed", statement)
    assert role_in_database(aline) == "customer"


@pytest.mark.parametrize("who", ["odette", None])
def test_command__in_the_name_of__counts_for_this_account(
    odette: User, aline: Profile, who: str | None
) -> None:
    create_or_change_profile(
        profile=aline, role="staff", giver=Giver.named(who or roles.COMMAND_LINE)
    )
    change = AuthorityChange.objects.get()
    assert (change.given_by, change.source, change.decision) == (
        odette if who else None,
        "command",
        "confirmed",
    )


# What gives a role again: the roles that it concerns, and how it is done.
GIVES_A_ROLE: dict[str, tuple[tuple[str, ...], dict[str, bool], dict[str, bool]]] = {
    "active again": (("staff", "station", "support"), {}, {"is_active": True}),
    "another account": (("station",), {"is_active": True}, {"user": True}),
}


@pytest.mark.parametrize("what", GIVES_A_ROLE)
@pytest.mark.parametrize("source", SOURCES)
def test_change__gives_a_role_again__waits_in_the_back_office(
    odette: User, pascal: User, kimironko: Station, what: str, source: str
) -> None:
    concerned, state, change = GIVES_A_ROLE[what]
    for number, role in enumerate(ROLES):
        # Given
        person = Profile.objects.create(
            msisdn=f"+25078800880{number}",
            role=role,
            station=kimironko if role == "station" else None,
            is_active=bool(state),
        )
        given = {name: odette if name == "user" else value for name, value in change.items()}  # fmt: skip

        # When: by the service, and by hand
        create_or_change_profile(profile=person, giver=through(source, odette), **given)
        settle()

        # Then
        waits = source == "admin" and role in concerned
        person.refresh_from_db()
        assert person.role == ("customer" if waits else role)
        if waits:
            confirm(change=AuthorityChange.objects.latest("pk"), giver=by(pascal))
            settle()
            assert role_in_database(person) == role


@pytest.mark.parametrize("what", GIVES_A_ROLE)
def test_database__role_given_again_by_an_account__is_refused(
    odette: User, kimironko: Station, what: str
) -> None:
    concerned, state, change = GIVES_A_ROLE[what]
    for role in concerned:
        person = Profile.objects.create(
            role=role,
            station=kimironko if role == "station" else None,
            is_active=bool(state),
        )
        settle()
        # As if the role had been confirmed before this transaction.
        with unguarded("authority_change"):
            AuthorityChange.objects.update(transaction_id=F("transaction_id") - 1)
        column = next(iter(change))
        value = "true" if column == "is_active" else str(odette.pk)
        column = "user_id" if column == "user" else column
        with authored(lambda: Author("admin", "odette", odette.pk)):
            refused_by(
                "profile_role_confirmed",
                f"UPDATE profiles SET {column} = {value} WHERE id = {person.pk}",
            )
        settle()

"""Vouchers are on or off for their owner, in the process and in the database."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from rollout.core.probes import is_probe, new_subject
from rollout.flags import cohorts, fence
from rollout.policy.effective_flag import decide, is_on_for_anyone
from rollout.snapshot.reading import read_flags
from tests.rollout.conftest import ALINE, BOSCO, Switch
from tests.vouchers.database_clock import before_it_expired
from tests.vouchers.racing import while_uncommitted
from vouchers.actors import Actor
from vouchers.errors import FeatureDisabled, VoucherNotFound
from vouchers.models import Profile, Station, Voucher
from vouchers.money import Money
from vouchers.services.approve import approve_voucher, decline_voucher
from vouchers.services.extend import extend_voucher
from vouchers.services.issue import Issued, issue_voucher
from vouchers.services.periodic import expire_vouchers
from vouchers.services.redeem import redeem_voucher
from vouchers.services.rotate import rotate_code
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

PERCENTAGES = ["0.01", "0.5", "1", "12.34", "50", "99.99", "100"]
SUBJECTS = [str(uuid.UUID(int=number * 7919)) for number in range(500)]
OPEN = "tests.vouchers.guards.open_to_all"


def asked_in_database(subject: str | None, *, probe: str = "") -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('easymo.probe', %s, true)", [probe])
        cursor.execute("SELECT voucher_feature_on(%s)", [subject])
        return bool(cursor.fetchone()[0])


def asked_for_each(subjects: list[str]) -> list[bool]:
    """Ask for all of them in one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('easymo.probe', '', true)")
        cursor.execute(
            "SELECT voucher_feature_on(subject)"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS asked (subject, number)"
            " ORDER BY number",
            [subjects],
        )
        return [bool(is_on) for (is_on,) in cursor.fetchall()]


@pytest.mark.django_db
@pytest.mark.parametrize("percent", [None, *PERCENTAGES])
@pytest.mark.parametrize("cohort", [None, "empty", "aline"])
def test_database__any_audience__decides_as_the_process(
    switch: Switch, percent: str | None, cohort: str | None
) -> None:
    # Given
    audience: dict[str, Any] = {"percent": percent} if percent else {}
    if cohort:
        cohorts.make_cohort(name="beta")
        audience["cohorts"] = ["beta"]
    if cohort == "aline":
        cohorts.add_member("beta", ALINE, "odette")
    switch(VOUCHERS=True, **audience)
    rule = read_flags(connection).rules["FEATURE_AGENT_VOUCHERS"]
    probe = str(new_subject(b"one"))

    # When
    expected = [decide(rule, each).on for each in (ALINE, BOSCO, *SUBJECTS)]
    found = asked_for_each([ALINE, BOSCO, *SUBJECTS])

    # Then
    assert found == expected
    assert asked_in_database(None) is is_on_for_anyone(rule)
    assert is_probe(probe)
    assert (
        asked_in_database(probe, probe=probe) is decide(rule, probe, is_probe=True).on
    )
    assert [fence.guard(subject=each) for each in (ALINE, BOSCO, None, probe)] == [
        expected[0],
        expected[1],
        is_on_for_anyone(rule),
        decide(rule, probe, is_probe=True).on,
    ]


@pytest.mark.django_db
def test_database__feature_off__is_off_for_all(switch: Switch) -> None:
    switch(VOUCHERS=False)
    assert not asked_in_database(None)
    assert asked_for_each([ALINE, *SUBJECTS]) == [False] * (len(SUBJECTS) + 1)


def test_database__lock__is_the_one_of_the_fence(
    committed_db: str, switch: Switch
) -> None:
    # Given
    switch(VOUCHERS=True)

    # When
    with transaction.atomic():
        asked_in_database(None)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (classid::bigint << 32) + objid::bigint FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            )
            held = [key for (key,) in cursor.fetchall()]

    # Then
    assert held == [fence.FENCE]


class Programme:
    """Vouchers of Aline and Bosco; then the feature is limited to Aline."""

    def __init__(self, switch: Switch) -> None:
        switch(VOUCHERS=True)
        self.station = Station.objects.create(code="KIMIRONKO", name="Kimironko")
        self.aline = Profile.objects.create(name="Aline", public_id=ALINE)
        self.bosco = Profile.objects.create(name="Bosco", public_id=BOSCO)
        self.odette = User.objects.create_user("odette")
        self.staff = Actor.of_profile(
            Profile.objects.create(name="Diane", role="staff"), channel="whatsapp"
        )
        self.issued = {p: self.issue(p, 5_000) for p in (self.aline, self.bosco)}
        self.requested = {p: self.issue(p, 30_000) for p in (self.aline, self.bosco)}
        cohorts.make_cohort(name="beta")
        cohorts.add_member("beta", ALINE, "odette")
        switch(VOUCHERS=True, cohorts=["beta"])

    def issue(self, owner: Profile, amount: int) -> Issued:
        return issue_voucher(
            customer=owner, amount=Money(amount, "RWF"), actor=self.staff, key=key()
        )

    def redeem(self, **named: Any) -> object:
        return redeem_voucher(
            station=self.station, actor=self.staff, key=key(), **named
        )

    def void(self, owner: Profile, actor: Actor) -> object:
        voucher = self.issued[owner].voucher
        return void_voucher(
            voucher_id=voucher.public_id, reason="Wrong", actor=actor, key=key()
        )

    def decide(self, owner: Profile, decide: Callable[..., object]) -> object:
        return decide(
            voucher=self.requested[owner].voucher,
            approver=self.odette,
            reason="Checked",
            key=key(),
        )


def key() -> str:
    return f"test:{uuid.uuid4()}"


def at_station(programme: Programme, owner: Profile) -> object:
    claudine = Profile.objects.create(role="station", station=programme.station)
    return redeem_voucher(
        code=programme.issued[owner].code,
        station=programme.station,
        actor=Actor.of_profile(claudine, channel="whatsapp"),
        key=key(),
    )


OPERATIONS: dict[str, Callable[[Programme, Profile], object]] = {
    "issue": lambda p, owner: p.issue(owner, 100),
    "request": lambda p, owner: p.issue(owner, 40_000),
    "redeem by code": lambda p, owner: p.redeem(code=p.issued[owner].code),
    "redeem at a station": at_station,
    "redeem by id": lambda p, owner: p.redeem(
        voucher_id=p.issued[owner].voucher.public_id, owner=owner
    ),
    "void by chat": lambda p, owner: p.void(owner, p.staff),
    "void by API": lambda p, owner: p.void(owner, Actor("token", "1:pump", "api")),
    "approve": lambda p, owner: p.decide(owner, approve_voucher),
    "rotate in the back office": lambda p, owner: rotate_code(
        voucher=p.issued[owner].voucher,
        actor=Actor.of_user(p.odette),
        reason="Lost",
        key=key(),
    ),
    "extend": lambda p, owner: extend_voucher(
        voucher=p.issued[owner].voucher,
        last_day=timezone.localdate() + timedelta(days=120),
        actor=Actor.of_user(p.odette),
        reason="Closed",
        key=key(),
    ),
    "rotate by chat": lambda p, owner: rotate_code(
        voucher=p.issued[owner].voucher, actor=p.staff, reason="Lost", key=key()
    ),
}
UNFENCED: dict[str, Callable[[Programme, Profile], object]] = {
    "void in the back office": lambda p, owner: p.void(owner, Actor.of_user(p.odette)),
    "decline": lambda p, owner: p.decide(owner, decline_voucher),
}


def rows() -> list[dict[str, Any]]:
    return list(Voucher.objects.order_by("id").values())


@pytest.mark.django_db
@pytest.mark.parametrize("asks", ["process and database", "database"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation__owner_excluded__is_refused_and_changes_nothing(
    switch: Switch, settings: Settings, operation: str, asks: str
) -> None:
    # Given
    programme = Programme(switch)
    if asks == "database":
        settings.VOUCHER_GUARD = OPEN
    before = rows()

    # When
    with pytest.raises(FeatureDisabled):
        OPERATIONS[operation](programme, programme.bosco)

    # Then
    assert rows() == before
    OPERATIONS[operation](programme, programme.aline)
    assert rows() != before


@pytest.mark.django_db
@pytest.mark.parametrize("operation", UNFENCED)
def test_operation__without_value__works_for_an_excluded_owner(
    switch: Switch, operation: str
) -> None:
    # Given
    programme = Programme(switch)

    # When
    UNFENCED[operation](programme, programme.bosco)

    # Then
    assert Voucher.objects.filter(owner=programme.bosco, status="void").count() == 1


@pytest.mark.django_db
def test_expiry__owner_excluded__goes_on(switch: Switch) -> None:
    # Given
    with before_it_expired():
        Programme(switch)

    # When
    ended = expire_vouchers()

    # Then
    assert ended == 2


@pytest.mark.django_db
def test_redeem__code_of_an_excluded_owner__is_unknown_to_a_stranger(
    switch: Switch,
) -> None:
    # Given
    programme = Programme(switch)
    stranger = Actor.of_profile(programme.aline, channel="whatsapp")

    # When
    with pytest.raises(VoucherNotFound):
        redeem_voucher(
            code=programme.issued[programme.bosco].code,
            station=programme.station,
            actor=stranger,
            key=key(),
        )


@pytest.mark.parametrize("has_fence", [True, False])
def test_approve__owner_is_excluded_meanwhile__commits_before_or_never(
    committed_db: str, switch: Switch, settings: Settings, has_fence: bool
) -> None:
    """Without the lock of the database function an approval commits too late."""
    # Given
    programme = Programme(switch)
    settings.VOUCHER_GUARD = OPEN
    if not has_fence:
        remove_lock()
    voucher = programme.requested[programme.aline].voucher

    def exclude() -> str:
        cohorts.remove_member("beta", ALINE, "odette", reason="left")
        return Voucher.objects.get(pk=voucher.pk).status

    # When
    seen = while_uncommitted(
        lambda: programme.decide(programme.aline, approve_voucher), exclude
    )

    # Then
    assert seen == ("issued" if has_fence else "pending_approval")
    assert Voucher.objects.get(pk=voucher.pk).status == "issued"


def remove_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_functiondef('voucher_feature_on(text)'::regprocedure)"
        )
        definition = cursor.fetchone()[0]
        taken = "PERFORM pg_advisory_xact_lock_shared(7305247035935883265);"
        assert taken in definition
        cursor.execute(definition.replace(taken, ""))

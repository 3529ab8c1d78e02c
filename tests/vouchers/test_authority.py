"""The database and the back office agree with the table in ``vouchers.authority``."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from easymo.backoffice import groups
from tests.vouchers.conftest import acting, rwf
from vouchers import authority, errors
from vouchers.actors import Actor
from vouchers.admin import VoucherAdmin
from vouchers.authority import RULES, Operation
from vouchers.models import Profile, Refusal, Voucher
from vouchers.services import envelopes
from vouchers.services.extend import extend_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import reverse_redemption
from vouchers.services.rotate import rotate_code
from vouchers.services.transition import cause, perform
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchers.models import Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

type Do = Callable[[Operation, Actor], None]


@pytest.fixture
def actor(
    request: pytest.FixtureRequest, odette: User, kimironko: Station
) -> tuple[str, Actor]:
    """Return a role and an actor who has it."""
    role: str = request.param
    match role:
        case authority.USER:
            return role, Actor.of_user(odette)
        case authority.TOKEN:
            return role, Actor("token", "pump", "api")
        case authority.SYSTEM:
            return role, Actor.system("tests")
        case _:
            person = Profile.objects.create(role=role, station=kimironko)
            return role, acting(person)


@pytest.fixture
def do(issued: Issued, requested: Issued, aline: Profile, kimironko: Station) -> Do:
    """Return a function that does one operation as an actor."""

    def run(operation: Operation, actor: Actor) -> None:
        given = {"actor": actor, "key": "turn:9:0"}
        match operation:
            case Operation.ISSUE:
                issue_voucher(customer=aline, amount=rwf(5), **given)
            case Operation.REDEEM:
                redeem_voucher(code=issued.code, station=kimironko, **given)
            case Operation.VOID:
                void_voucher(
                    voucher_id=issued.voucher.public_id, reason="Wrong", **given
                )
            case Operation.ROTATE:
                rotate_code(voucher=issued.voucher, reason="Lost", **given)
            case Operation.REVERSE:
                reverse_redemption(voucher=issued.voucher, reason="Wrong", **given)
            case Operation.EXTEND:
                day = timezone.localdate(issued.voucher.expires_at) + timedelta(days=9)
                extend_voucher(
                    voucher=issued.voucher, last_day=day, reason="Closed", **given
                )
            case Operation.APPROVE:
                values = cause(actor, "turn:9:0") | envelopes.NO_CODE
                values |= {"voucher": requested.voucher.pk, "decision": "declined"}
                values |= {"days": 90, "reason": "No"}
                row = perform("decide", owner=aline, values=lambda: values)
                if row.outcome == "forbidden":
                    raise errors.NotAllowed

    return run


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("actor", authority.ROLES, indirect=True)
def test_operation__each_role__is_forbidden_unless_in_the_table(
    do: Do, operation: Operation, actor: tuple[str, Actor]
) -> None:
    # Given
    role, who = actor

    # When
    with contextlib.suppress(errors.VoucherError):
        do(operation, who)

    # Then
    forbidden = Refusal.objects.filter(operation=operation, reason="forbidden")
    assert forbidden.exists() is not authority.may(role, operation)


@pytest.mark.parametrize("operation", [*Operation, "other"])
@pytest.mark.parametrize("role", [*authority.ROLES, "unknown"])
def test_voucher_may__each_role__answers_as_the_table(
    operation: str, role: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT voucher_may(%s, %s)", [operation, role])
        [answer] = cursor.fetchone()
    rule = RULES.get(operation)  # type: ignore[call-overload]
    assert answer is (rule is not None and role in rule.roles)


def test_roles__of_the_table__are_the_roles_of_profiles_and_actors() -> None:
    others = {authority.USER, authority.TOKEN, authority.SYSTEM}
    assert set(authority.ROLES) == {*Profile.Role.values, *others}
    assert frozenset().union(*(rule.roles for rule in RULES.values())) <= {
        *authority.ROLES
    }


@pytest.mark.parametrize("group", groups.EXTRA)
@pytest.mark.parametrize(
    "operation",
    # Vouchers are issued in the inbox (tests/agents/admin/test_inbox_vouchers.py).
    [op for op in RULES if RULES[op].permission and op != Operation.ISSUE],
)
def test_admin__each_group__may_as_the_table(
    issued: Issued,
    requested: Issued,
    kimironko: Station,
    group: str,
    operation: Operation,
) -> None:
    # Given
    groups.sync()
    user = User.objects.create_user("new", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    request = RequestFactory().get("/")
    request.user = user
    page = VoucherAdmin(Voucher, None)
    asked = getattr(page, f"has_{operation}_one_permission")

    if operation is Operation.REVERSE:
        redeem_voucher(
            code=issued.code, station=kimironko, actor=Actor.system("x"), key="x:1"
        )

    # When
    answers = [asked(request, str(each.voucher.pk)) for each in (issued, requested)]

    # Then
    rule = RULES[operation]
    is_pending = operation is Operation.APPROVE
    assert any(answers) is (rule.permission in groups.EXTRA[group])
    assert answers[not is_pending] is False
    assert authority.may(authority.USER, operation)

"""Who it is, is asked before roles, keys, restores and much value; and nothing is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import ApiToken
from easymo.backoffice.models import AccountAct, BrowserSession
from easymo.backoffice.reauthentication import KEPT, VALID_FOR
from easymo.backoffice.sign_in import OF_PAIR
from rollout.flags import exposure
from rollout.models import FlagChange
from rollout.stages.rollback import rollback_full
from tests.backoffice import Records, create_records
from tests.second_factor import (
    PASSWORD,
    prove,
    sign_in,
    unused_code,
    with_app,
    wrong_code,
)
from tests.spellings import SEPARATORS, make_code, written
from vouchers.models import AuthorityChange, Batch, ChangeRecord, VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

ASKS = "/admin/reauthenticate/"


@pytest.fixture
def odette() -> User:
    return User.objects.create_superuser("odette", password=PASSWORD)


def grow_old(user: User) -> None:
    """Let the last proof of the user be just too old."""
    BrowserSession.objects.filter(user=user).update(
        authenticated_at=timezone.now() - VALID_FOR - timedelta(seconds=1)
    )


def _account() -> str:
    user, _new = User.objects.get_or_create(username="bosco")
    return reverse("admin:auth_user_change", args=[user.pk])


def _waiting_change() -> str:
    row = AuthorityChange.objects.create(
        kind="account",
        account=User.objects.get_or_create(username="bosco")[0],
        what="A new superuser",
        given_by_name="grace",
        source="admin",
        given_at=timezone.now(),
    )
    return reverse("admin:vouchers_authoritychange_confirm_one", args=[row.pk])


def _waiting_batch() -> str:
    maker = Client()
    maker.force_login(User.objects.create_superuser("grace", password=None))
    file = SimpleUploadedFile("may.csv", b"msisdn,amount\n0788123456,30000\n")
    maker.post(reverse("admin:vouchers_batch_upload"), {"file": file, "reason": "May"})
    row = Batch.objects.get()
    page = reverse("admin:vouchers_batch_confirm_one", args=[row.pk])
    maker.post(page, {"reason": "Right", "key": uuid4()})
    return reverse("admin:vouchers_batch_approve_one", args=[row.pk])


def _removed_functions() -> str:
    rollback_full(reason="a test", actor="grace", source=FlagChange.Source.ADMIN)
    assert exposure.functions_are_removed()
    return reverse("admin:rollout_agentflag_restore_functions")


def _voucher(page: str) -> Callable[[Records], str]:
    return lambda records: reverse(page, args=[records.requested.pk])


def _fixed(name: str) -> Callable[[Records], str]:
    return lambda _records: reverse(name)


def _made(make: Callable[[], str]) -> Callable[[Records], str]:
    return lambda _records: make()


REASON = {"reason": "Checked by phone.", "key": str(uuid4())}
# The address of each guarded button, what it sends, and whether its page asks too.
GUARDED: dict[str, tuple[Callable[[Records], str], dict[str, Any], bool]] = {
    "account: new": (
        _fixed("admin:auth_user_add"),
        {"username": "new", "password1": "x", "password2": "x"},
        True,
    ),
    "account: rights": (_made(_account), {"username": "bosco", "groups": ["1"]}, True),
    "account: password": (
        _made(lambda: _account().replace("/change/", "/password/")),
        {"password1": "a long new one", "password2": "a long new one"},
        True,
    ),
    "group: new": (_fixed("admin:auth_group_add"), {"name": "others"}, True),
    "group: rights": (
        _made(
            lambda: reverse(
                "admin:auth_group_change", args=[Group.objects.get(name="viewer").pk]
            )
        ),
        {"name": "viewer", "permissions": []},
        True,
    ),
    "person: new": (
        _fixed("admin:vouchers_profile_add_one"),
        {"msisdn": "0788000077", "role": "staff", **REASON},
        True,
    ),
    "person: role": (
        lambda records: reverse(
            "admin:vouchers_profile_change_one", args=[records.cast.aline.profile.pk]
        ),
        {"role": "staff", **REASON},
        True,
    ),
    "role: confirm": (_made(_waiting_change), REASON, True),
    "token": (
        _fixed("admin:agents_apitoken_create_one"),
        {"name": "till", "scopes": ["lookup"], **REASON},
        True,
    ),
    "voucher: approve": (_voucher("admin:vouchers_voucher_approve_one"), REASON, True),
    "request: approve": (
        _voucher("approval"),
        {"action": "approve", **REASON},
        False,
    ),
    "batch: approve": (_made(_waiting_batch), REASON, True),
    "functions: restore": (_made(_removed_functions), REASON, True),
    "restore: turn on": (_fixed("restore"), {"step": "turn_on", **REASON}, False),
    "restore: functions": (_fixed("restore"), {"step": "functions", **REASON}, False),
    "factor: set up": (_fixed("second-factor-set-up"), {"code": "000000"}, True),
    "factor: codes": (_fixed("account-codes"), {}, False),
    "factor: remove": (_fixed("account-remove"), {}, False),
    "factor: reset": (
        _made(
            lambda: reverse(
                "admin:auth_user_reset_second_factor",
                args=[User.objects.get_or_create(username="bosco")[0].pk],
            )
        ),
        REASON,
        True,
    ),
}


def _state() -> tuple[int, ...]:
    return (
        ChangeRecord.objects.count(),
        VoucherEvent.objects.count(),
        AccountAct.objects.count(),
        ApiToken.objects.count(),
        FlagChange.objects.count(),
    )


@pytest.mark.parametrize("what", GUARDED)
def test_guarded__proof_is_old__asks_and_changes_nothing(
    odette: User, settings: SettingsWrapper, what: str
) -> None:
    # Given
    settings.VOUCHER_REAUTHENTICATE_ABOVE = 29_999
    browser = sign_in(odette)
    find, given, page_asks = GUARDED[what]
    address = find(create_records())
    before = _state()
    grow_old(odette)

    # When
    opened, pressed = browser.get(address), browser.post(address, given)

    # Then
    assert pressed.status_code == 302
    assert pressed.headers["Location"].startswith(ASKS)
    assert opened.headers.get("Location", "").startswith(ASKS) is page_asks
    assert _state() == before

    # When: the password, then the same press
    back = browser.post(pressed.headers["Location"], {"password": PASSWORD})
    assert back.status_code == 302
    assert not back.headers["Location"].startswith(ASKS)
    again = browser.post(address, given)

    # Then
    assert not again.headers.get("Location", "").startswith(ASKS)


@pytest.mark.parametrize("limit", [29_999, 30_000])
def test_approval__by_amount__asks_above_the_limit_only(
    odette: User, settings: SettingsWrapper, limit: int
) -> None:
    # Given: a request of RWF 30,000
    settings.VOUCHER_REAUTHENTICATE_ABOVE = limit
    records = create_records()
    browser = sign_in(odette)
    grow_old(odette)
    page = reverse("approval", args=[records.requested.pk])

    # When
    refused = browser.post(page, {"action": "decline", "reason": ""})
    answer = browser.post(page, {"action": "approve", **REASON})

    # Then: to refuse is never asked about
    assert refused.status_code == 200
    is_asked = answer.headers["Location"].startswith(ASKS)
    assert is_asked is (limit < 30_000)


@pytest.mark.parametrize(
    ("has_app", "kind", "is_right"),
    [
        (False, "password", True),
        (False, "wrong password", False),
        (False, "no code", False),
        (False, "nothing", False),
        (True, "password", True),
        (True, "code", True),
        (True, "wrong code", False),
        (True, "wrong password", False),
    ],
)
def test_proof__of_each_kind__is_taken_or_not(
    odette: User, has_app: bool, kind: str, is_right: bool
) -> None:
    # Given
    factor = with_app(odette)[0] if has_app else None
    browser = sign_in(odette)
    if factor is not None:
        prove(browser, unused_code(factor))
    grow_old(odette)
    given = {
        "password": {"password": PASSWORD},
        "wrong password": {"password": "guess"},
        "code": {"code": unused_code(factor) if factor else ""},
        "wrong code": {"code": wrong_code(factor) if factor else ""},
        "no code": {"code": "123456"},
        "nothing": {},
    }[kind]

    # When
    answer = browser.post(f"{ASKS}?next=/admin/auth/user/add/", given)

    # Then
    assert answer.status_code == (302 if is_right else 200)
    assert (browser.get("/admin/auth/user/add/").status_code == 200) is is_right


def test_proof__password_guessed__locked(odette: User) -> None:
    # Given: a stolen session
    thief = sign_in(odette)
    grow_old(odette)

    # When
    answers = [thief.post(ASKS, {"password": "guess"}) for _ in range(OF_PAIR + 1)]

    # Then
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200] * OF_PAIR + [429]
    assert thief.post(ASKS, {"password": PASSWORD}).status_code == 429


def test_interrupted__form__comes_back_with_what_was_entered(odette: User) -> None:
    # Given
    browser = sign_in(odette)
    page = reverse("admin:agents_apitoken_create_one")
    key = str(uuid4())
    entered = {
        "name": "till",
        "scopes": ["redeem", "void"],
        "networks": "203.0.113.0/24",
        "reason": "For the new till",
        "key": key,
    }
    grow_old(odette)
    asked = browser.post(page, entered).headers["Location"]

    # When
    back = browser.post(asked, {"password": PASSWORD})
    shown = browser.get(back.headers["Location"])

    # Then
    text = shown.content.decode()
    assert "Nothing was changed yet. Press the button once more." in text
    assert not ApiToken.objects.filter(name="till").exists()
    form = shown.context["form"]
    assert {name: form[name].value() for name in entered} == entered

    # Then: once only
    assert browser.get(page).context["form"]["name"].value() is None


def test_interrupted__account__comes_back_with_boxes_and_groups(odette: User) -> None:
    # Given
    account = User.objects.create_user("bosco", is_staff=True)
    group = Group.objects.get(name="operator")
    browser = sign_in(odette)
    page = reverse("admin:auth_user_change", args=[account.pk])
    grow_old(odette)
    given = {"username": "bosco", "email": "b@example.rw", "groups": [str(group.pk)]}

    # When: "is_staff" and "is_active" were unticked
    asked = browser.post(page, given).headers["Location"]
    back = browser.post(asked, {"password": PASSWORD})
    form = browser.get(back.headers["Location"]).context["adminform"].form

    # Then
    assert form["email"].value() == "b@example.rw"
    assert [str(each) for each in form["groups"].value()] == [str(group.pk)]
    assert not form["is_staff"].value()
    assert not form["is_active"].value()
    account.refresh_from_db()
    assert account.is_staff


def test_interrupted__passwords__are_not_kept(odette: User) -> None:
    browser = sign_in(odette)
    grow_old(odette)
    secret = "a long new password"

    browser.post(
        "/admin/auth/user/add/",
        {"username": "new", "password1": secret, "password2": secret},
    )

    assert secret not in str(dict(browser.session.items()))


def test_interrupted__code_in_a_reason__is_not_kept(odette: User) -> None:
    browser, key = sign_in(odette), "12345678-1234-4234-8234-123456781234"
    grow_old(odette)
    page = reverse("admin:agents_apitoken_create_one")

    for separator in SEPARATORS:
        code = written(make_code(("kept", separator)), separator=separator)
        browser.post(page, {"name": "till", "reason": f"For {code}", "key": key})
        kept = browser.session[KEPT]["data"]
        assert kept == {"name": ["till"], "reason": ["For [code]"], "key": [key]}


def test_token__created__secret_shown_once_and_recorded(odette: User) -> None:
    # Given
    browser = sign_in(odette)
    page = reverse("admin:agents_apitoken_create_one")
    form = browser.get(page).context["form"]
    given = {
        "name": "till",
        "scopes": ["redeem"],
        "networks": "203.0.113.7\n2001:db8::/32",
        "last_day": (timezone.localdate() + timedelta(days=30)).isoformat(),
        "reason": "For the new till",
        "key": form["key"].value(),
    }

    # When
    answer = browser.post(page, given)

    # Then
    shown = re.search(r"easymo_[A-Za-z0-9_-]{43}", answer.content.decode())
    assert shown is not None
    row = ApiToken.objects.get(name="till")
    assert row.networks == ["203.0.113.7/32", "2001:db8::/32"]
    assert row.expires_at is not None
    everywhere = [
        browser.get(reverse("admin:agents_apitoken_change", args=[row.pk])),
        browser.get(reverse("admin:agents_apitoken_changelist")),
        browser.get(reverse("admin:agents_apitoken_history", args=[row.pk])),
        browser.post(page, given),
    ]
    assert not any(shown[0] in page.content.decode() for page in everywhere)
    record = ChangeRecord.objects.get(table_name="agents_apitoken")
    assert record.actor == "odette"
    assert record.after is not None
    assert record.after["networks"] == ["203.0.113.7/32", "2001:db8::/32"]
    assert shown[0] not in str(record.after)

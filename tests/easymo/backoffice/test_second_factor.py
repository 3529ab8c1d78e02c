"""Codes of the second factor: used once, limited, hashed, reset with a trace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from easymo.backoffice import second_factor
from easymo.backoffice.models import AccountAct, BrowserSession, RecoveryCode, Totp
from easymo.backoffice.sign_in import OF_CODE
from tests.second_factor import (
    PASSWORD,
    code_of,
    is_in,
    prove,
    sign_in,
    unused_code,
    with_app,
    wrong_code,
)
from vouchers.models import ChangeRecord

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

SET_UP = "/admin/second-factor/set-up/"
SECRET = re.compile(r'second-factor-secret">([A-Z2-7 ]+)<')
RECOVERY = re.compile(r"<code>([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})</code>")


@pytest.fixture
def odette() -> User:
    return User.objects.create_superuser("odette", password=PASSWORD)


@pytest.fixture
def pascal() -> User:
    return User.objects.create_superuser("pascal", password=PASSWORD)


def forget_waits(factor: Totp) -> None:
    Totp.objects.filter(pk=factor.pk).update(throttling_failure_count=0)


def acts(user: User) -> list[str]:
    rows = ChangeRecord.objects.filter(
        table_name="backoffice_accountact", row_id=str(user.pk)
    )
    return [row.after["act"] for row in rows.order_by("pk") if row.after]


def test_set_up__by_the_pages__shows_codes_once_and_signs_in(
    odette: User, settings: SettingsWrapper
) -> None:
    # Given
    settings.SECOND_FACTOR_REQUIRED = True
    browser = sign_in(odette)
    page = browser.get(SET_UP).content.decode()
    assert 'src="data:image/svg+xml' in page
    shown = SECRET.search(page)
    assert shown is not None
    key = browser.session["second_factor_key"]
    draft = second_factor.unsaved(odette, key)

    # When: a wrong code, then the right one
    wrong = browser.post(SET_UP, {"code": wrong_code(draft)})
    right = browser.post(SET_UP, {"code": code_of(draft)})

    # Then
    assert "not of the account above" in wrong.content.decode()
    codes = RECOVERY.findall(right.content.decode())
    assert len(set(codes)) == second_factor.CODES
    assert is_in(browser)
    assert not any(
        code in browser.get("/admin/account/").content.decode() for code in codes
    )
    assert acts(odette) == ["set_up"]
    # The database alone gives neither the secret nor a code.
    factor = Totp.objects.get(user=odette)
    assert factor.bin_key.hex() not in factor.key
    stored = [bytes(row.digest) for row in RecoveryCode.objects.all()]
    assert not any(code.replace("-", "").encode() in stored for code in codes)


# Each kind of code: how it is made from the app and the recovery codes, and whether it
# opens. Each is entered after a right one was used.
CODES: dict[str, tuple[Any, bool]] = {
    "the used one again": (lambda f, c, used: used, False),
    "an earlier one": (lambda f, c, used: code_of(f, steps=-1), False),
    "the next one": (lambda f, c, used: code_of(f, steps=1), True),
    "one of later": (lambda f, c, used: code_of(f, steps=10), False),
    "a wrong one": (lambda f, c, used: wrong_code(f), False),
    "letters": (lambda f, c, used: "abcdef", False),
    "empty": (lambda f, c, used: "", False),
    "long": (lambda f, c, used: "1" * 500, False),
    "a recovery code": (lambda f, c, used: c[0], True),
    "it with spaces": (lambda f, c, used: f" {c[0].replace('-', ' ').upper()} ", True),
    "part of one": (lambda f, c, used: c[0][:9], False),
}


@pytest.mark.parametrize("kind", CODES)
def test_code__of_each_kind__opens_or_not_and_never_twice(
    odette: User, kind: str
) -> None:
    # Given
    factor, codes = with_app(odette)
    used = code_of(factor)
    assert prove(sign_in(odette), used) == 302
    make, opens = CODES[kind]
    given = make(factor, codes, used)

    # When
    browser = sign_in(odette)
    prove(browser, given)

    # Then
    assert is_in(browser) is opens
    if opens:
        forget_waits(factor)
        again = sign_in(odette)
        prove(again, given)
        assert not is_in(again)


def test_wrong_codes__five__locked_for_the_right_one_too(odette: User) -> None:
    # Given: a thief with the password, which clears no code's count
    factor, codes = with_app(odette)
    statuses = []
    for _ in range(OF_CODE + 1):
        forget_waits(factor)
        statuses.append(prove(sign_in(odette), wrong_code(factor)))

    # Then
    assert statuses == [200] * OF_CODE + [429]
    for right in (unused_code(factor), codes[0]):
        browser = sign_in(odette)
        assert prove(browser, right) == 429
        assert not is_in(browser)


def test_wrong_code__the_next_attempt__waits(odette: User) -> None:
    factor, _codes = with_app(odette)
    Totp.objects.filter(pk=factor.pk).update(throttling_failure_count=3)
    browser = sign_in(odette)
    prove(browser, wrong_code(factor))

    answer = browser.post("/admin/second-factor/", {"code": code_of(factor)})

    assert "Wait" in answer.content.decode()
    assert not is_in(browser)


def test_code__used_in_two_browsers_at_once__opens_one(odette: User) -> None:
    # Given
    factor, _codes = with_app(odette)
    code = code_of(factor)

    # When: the row is read under a lock, so the second sees what the first used
    assert second_factor.check(user=odette, code=code) == factor.pk

    # Then
    with pytest.raises(second_factor.WrongCode):
        second_factor.check(user=odette, code=code)


def test_renewed_codes__earlier_ones__no_longer_open(odette: User) -> None:
    # Given
    factor, codes = with_app(odette)
    browser = sign_in(odette)
    prove(browser, code_of(factor))

    # When
    page = browser.post("/admin/account/recovery-codes/").content.decode()

    # Then
    fresh = RECOVERY.findall(page)
    assert len(fresh) == second_factor.CODES
    assert not set(fresh) & set(codes)
    with pytest.raises(second_factor.WrongCode):
        second_factor.check(user=odette, code=codes[0])
    assert second_factor.check(user=odette, code=fresh[0]) == factor.pk
    assert acts(odette) == ["set_up", "codes_made", "code_used"]


def test_removed__by_the_user__asked_to_set_up_again_where_required(
    odette: User, settings: SettingsWrapper
) -> None:
    # Given
    settings.SECOND_FACTOR_REQUIRED = True
    factor, _codes = with_app(odette)
    browser = sign_in(odette)
    prove(browser, code_of(factor))

    # When
    browser.post("/admin/account/remove-factor/")

    # Then
    assert not Totp.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert not is_in(browser)
    assert acts(odette)[-1] == "removed"


def test_reset__by_a_colleague__ends_sessions_and_leaves_the_reason(
    odette: User, pascal: User
) -> None:
    # Given
    factor, _codes = with_app(odette)
    browser = sign_in(odette)
    prove(browser, code_of(factor))
    colleague = sign_in(pascal)
    page = f"/admin/auth/user/{odette.pk}/reset-second-factor/"
    form = colleague.get(page).context["form"]

    # When
    answer = colleague.post(
        page, {"key": form["key"].value(), "reason": "Lost the phone"}
    )

    # Then
    assert answer.status_code == 302
    assert not is_in(browser)
    assert not Totp.objects.exists()
    record = ChangeRecord.objects.filter(
        table_name="backoffice_accountact", after__act="reset"
    ).get()
    assert (record.actor, record.source) == ("pascal", "admin")
    assert record.row_id == str(odette.pk)
    assert record.after == {"act": "reset", "reason": "Lost the phone"}
    history = colleague.get(f"/admin/auth/user/{odette.pk}/history/")
    assert "Lost the phone" in history.content.decode()


def test_reset__of_oneself_or_without_the_right__not_offered(
    odette: User,
) -> None:
    # Given
    with_app(odette)
    viewer = User.objects.create_user("vera", password=PASSWORD, is_staff=True)
    factor = second_factor.factor_of(odette)
    assert factor is not None
    own = sign_in(odette)
    prove(own, unused_code(factor))
    page = f"/admin/auth/user/{odette.pk}/reset-second-factor/"

    # When
    own_page = own.get(page)
    other = sign_in(viewer).post(page, {"reason": "mine now"})

    # Then
    assert own_page.context["unmet"]
    assert other.status_code == 403
    assert Totp.objects.exists()


def test_command__reset__removes_with_a_reason(
    odette: User, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    with_app(odette)
    for given in (
        ["reset", "odette", "--reason", " "],
        ["reset", "odette", "--reason", "x" * 501],
        ["reset", "unknown", "--reason", "lost"],
    ):
        with pytest.raises(CommandError):
            call_command("second_factor", *given)
        assert Totp.objects.exists()

    # When
    call_command("second_factor", "reset", "odette", "--reason", "Lost the phone")

    # Then
    assert not Totp.objects.exists()
    assert AccountAct.objects.get(act="reset").reason == "Lost the phone"
    assert "sets up a new one" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("second_factor", "reset", "odette", "--reason", "again")


# What the database refuses.
UNWRITABLE = {
    "a second app": "INSERT INTO otp_totp_totpdevice (user_id, name, confirmed, key, step,"
    " t0, digits, tolerance, drift, last_t, throttling_failure_count) SELECT user_id, name,"
    " true, key, 30, 0, 6, 1, 0, -1, 0 FROM otp_totp_totpdevice",
    "a changed act": "UPDATE backoffice_accountact SET act = 'removed'",
    "a deleted act": "DELETE FROM backoffice_accountact",
    "a reset without reason": "INSERT INTO backoffice_accountact"
    " (user_id, act, reason, created_at) SELECT id, 'reset', '', now() FROM auth_user",
}


@pytest.mark.parametrize("what", UNWRITABLE)
def test_database__wrong_state__refused(odette: User, what: str) -> None:
    with_app(odette)
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(UNWRITABLE[what])


def test_key_gone_from_the_ring__code__refused_without_an_error(
    odette: User, settings: SettingsWrapper
) -> None:
    factor, _codes = with_app(odette)
    code = code_of(factor, steps=1)
    settings.EASYMO_KEYS = {"other": b"o" * 32}

    with pytest.raises(second_factor.WrongCode):
        second_factor.check(user=odette, code=code)


def test_session__password_typed_long_ago__cannot_set_up_an_app(
    odette: User, settings: SettingsWrapper
) -> None:
    # Given: a sign-in that was left at a foreign computer
    settings.SECOND_FACTOR_REQUIRED = True
    browser: Client = sign_in(odette)
    BrowserSession.objects.update(authenticated_at="2026-01-01T00:00:00Z")

    # When
    answer = browser.get(SET_UP)

    # Then
    assert answer.headers["Location"].startswith("/admin/login/")

"""Sessions of accounts: listed, ended, and worth nothing after their end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from easymo.backoffice import sessions
from easymo.backoffice.models import BrowserSession
from tests.second_factor import PASSWORD, is_in, sign_in
from vouchers.models import ChangeRecord

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

NEW = "another long enough one"
AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0": (
        "Firefox on Windows"
    ),
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Mobile Safari/537.36": "Chrome on Android",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.0 Safari/605.1.15": "Safari on macOS",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36 Edg/140.0": "Edge on Windows",
    "curl/8.0": "",
    "<script>alert(1)</script>": "",
    "": "",
}


@pytest.fixture
def odette() -> User:
    return User.objects.create_superuser("odette", password=PASSWORD)


def _change_own(user: User, own: Client, _other: Client) -> None:
    given = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert own.post("/admin/password_change/", given).status_code == 302


def _by_colleague(user: User, _own: Client, _other: Client) -> None:
    colleague = Client()
    colleague.force_login(User.objects.create_superuser("pascal", password=None))
    page = f"/admin/auth/user/{user.pk}/end-sessions/"
    form = colleague.get(page).context["form"]
    given = {"key": form["key"].value(), "reason": "Laptop stolen"}
    assert colleague.post(page, given).status_code == 302


def _end_one(user: User, own: Client, other: Client) -> None:
    row = BrowserSession.objects.get(public_id=other.session["browser_session"])
    own.post(f"/admin/account/sessions/{row.public_id}/end/")


def _close_and_open(**closed: bool) -> Callable[[User, Client, Client], object]:
    """Close the account and open it again, so that only an ended session stays out."""

    def act(user: User, _own: Client, _other: Client) -> None:
        account = User.objects.filter(pk=user.pk)
        account.update(**closed)
        account.update(**{name: not value for name, value in closed.items()})

    return act


def _set_password(user: User, _own: Client, _other: Client) -> None:
    user.set_password(NEW)
    user.save()


# What ends sessions: whether this one, and the other one, go on.
ENDS: dict[str, tuple[Callable[[User, Client, Client], object], bool, bool]] = {
    "nothing": (lambda user, own, other: None, True, True),
    "end one": (_end_one, True, False),
    "end all others": (
        lambda user, own, other: own.post("/admin/account/sessions/end-others/"),
        True,
        False,
    ),
    "signed out": (lambda user, own, other: own.post("/admin/logout/"), False, True),
    "own password changed": (_change_own, True, False),
    "password set by a command": (_set_password, False, False),
    "deactivated for a moment": (_close_and_open(is_active=False), False, False),
    "out of the staff for a moment": (_close_and_open(is_staff=False), False, False),
    "ended by a colleague": (_by_colleague, False, False),
    "ended in the database": (
        lambda user, own, other: BrowserSession.objects.update(ended_at=timezone.now()),
        False,
        False,
    ),
    "twelve hours": (
        lambda user, own, other: BrowserSession.objects.update(
            created_at=timezone.now() - timedelta(hours=12, seconds=1)
        ),
        False,
        False,
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_end__of_each_kind__ends_these_sessions_only(odette: User, end: str) -> None:
    # Given
    own, other = sign_in(odette), sign_in(odette)
    stranger = sign_in(User.objects.create_superuser("grace", password=PASSWORD))
    assert is_in(own)
    assert is_in(other)

    # When
    act, own_goes_on, other_goes_on = ENDS[end]
    act(odette, own, other)

    # Then: what is listed is what opens
    assert (is_in(own), is_in(other)) == (own_goes_on, other_goes_on)
    assert sessions.open_sessions(odette).count() == own_goes_on + other_goes_on
    assert is_in(stranger) is (end not in {"ended in the database", "twelve hours"})


@pytest.mark.parametrize("end", ["end one", "end all others", "ended by a colleague"])
def test_end__by_a_person__is_recorded(odette: User, end: str) -> None:
    own, other = sign_in(odette), sign_in(odette)

    ENDS[end][0](odette, own, other)

    record = ChangeRecord.objects.get(table_name="backoffice_accountact")
    assert record.row_id == str(odette.pk)
    assert record.after is not None
    assert record.after["act"] == "sessions_ended"
    by_colleague = end == "ended by a colleague"
    assert record.actor == ("pascal" if by_colleague else "odette")
    assert record.after.get("reason") == ("Laptop stolen" if by_colleague else "")


def test_end__of_another_account__does_nothing(odette: User) -> None:
    # Given
    victim = sign_in(User.objects.create_superuser("grace", password=PASSWORD))
    row = victim.session["browser_session"]

    # When
    sign_in(odette).post(f"/admin/account/sessions/{row}/end/")

    # Then
    assert is_in(victim)


@pytest.mark.parametrize("agent", AGENTS)
def test_list__a_sign_in__address_browser_and_times(odette: User, agent: str) -> None:
    # When
    browser = sign_in(odette, browser=Client(headers={"User-Agent": agent}))
    page = browser.get("/admin/account/").content.decode()

    # Then
    row = BrowserSession.objects.get()
    assert (row.browser, row.address) == (AGENTS[agent], "127.0.0.1")
    assert (AGENTS[agent] or "Unknown browser") in page
    assert "127.0.0.1" in page
    assert "<script>alert" not in page
    assert str(browser.session.session_key) not in page


def test_use__within_a_minute__is_not_written(odette: User) -> None:
    # Given
    browser = sign_in(odette)
    first = BrowserSession.objects.get().last_used_at

    # When
    browser.get("/admin/account/")

    # Then
    assert BrowserSession.objects.get().last_used_at == first

    # When
    BrowserSession.objects.update(last_used_at=first - timedelta(seconds=61))
    browser.get("/admin/account/")

    # Then
    assert BrowserSession.objects.get().last_used_at >= first


def test_purge__old_rows__deleted(odette: User) -> None:
    sign_in(odette)
    old = timezone.now() - sessions.KEPT_FOR - timedelta(days=1)
    BrowserSession.objects.update(created_at=old)
    sign_in(odette)

    assert sessions.purge() == 1
    assert BrowserSession.objects.count() == 1

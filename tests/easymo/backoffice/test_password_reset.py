"""A new password by e-mail: one answer for all, one use, and all sessions end."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as product
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import connection
from django.test import Client
from django.utils import timezone

from easymo.backoffice import password_links
from easymo.backoffice.sign_in import RESETS_OF_MAILBOX, RESETS_OF_NETWORK
from rollout import tasks
from tests.fakes.smtp import FakeSmtp
from tests.second_factor import PASSWORD, is_in, prove, sign_in, unused_code, with_app
from vouchers.models import ChangeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

PAGE, NEW_PAGE = "/admin/password-reset/", "/admin/password-reset/new/"
NEW = "another long enough one"
LINK = re.compile(r"https?://[^/\s]+(/admin/password-reset/new/\?\S+)")


@pytest.fixture
def smtp(settings: SettingsWrapper) -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        settings.MAILERS = fake.mailers
        yield fake


@pytest.fixture
def odette() -> User:
    return User.objects.create_superuser("odette", "odette@example.rw", PASSWORD)


def link_of(user: User) -> str:
    message = password_links.message_to(user.pk)
    assert message is not None
    assert message.to == user.email
    found = LINK.search(message.text)
    assert found is not None
    return found[1]


def set_password(browser: Client, link: str, password: str = NEW) -> Any:
    browser.get(link, follow=True)
    return browser.post(
        NEW_PAGE, {"new_password1": password, "new_password2": password}
    )


def jobs() -> list[list[int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args -> 'users' FROM procrastinate_jobs WHERE task_name = %s"
            " ORDER BY id",
            [password_links.TASK],
        )
        return [json.loads(row[0]) for row in cursor.fetchall()]


def test_link__followed__sets_the_password_and_ends_all_sessions(
    smtp: FakeSmtp, odette: User
) -> None:
    # Given
    open_one = sign_in(odette)
    browser = Client()

    # When
    link = link_of(odette)
    moved = browser.get(link)
    answer = set_password(browser, link)

    # Then: the token has left the address
    assert moved.headers["Location"] == NEW_PAGE
    assert answer.headers["Location"] == "/admin/login/"
    assert not is_in(open_one)
    assert not is_in(browser)
    assert is_in(sign_in(odette, password=NEW))
    odette.refresh_from_db()
    assert odette.is_active
    acts = ChangeRecord.objects.filter(table_name="backoffice_accountact")
    assert [row.after["act"] for row in acts.order_by("pk") if row.after] == [
        "link_sent",
        "password_reset",
    ]
    assert "password link" in {row.source for row in acts}
    token = link.rpartition("t=")[2]
    assert not any(token in str(row.after) for row in ChangeRecord.objects.all())


# Each way a link can be wrong.
WRONG: dict[str, Any] = {
    "used": lambda user, link: set_password(Client(), link, "a third long enough one"),
    "password changed since": lambda user, link: (
        user.set_password("a third long enough one"),
        user.save(),
    ),
    "signed in since": lambda user, link: sign_in(user),
    "deactivated": lambda user, link: User.objects.filter(pk=user.pk).update(
        is_active=False
    ),
    "e-mail changed": lambda user, link: User.objects.filter(pk=user.pk).update(
        email="other@example.rw"
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_link__no_longer_right__refused(
    smtp: FakeSmtp, odette: User, wrong: str
) -> None:
    link = link_of(odette)
    WRONG[wrong](odette, link)

    answer = set_password(Client(), link)

    assert answer.status_code == 200
    assert "no longer works" in answer.content.decode()
    odette.refresh_from_db()
    assert not odette.check_password(NEW)


@pytest.mark.parametrize(
    "query",
    ["", "?u=1", "?u=1&t=", "?u=x&t=x", "?u=1&t=c4z-0", f"?u={'9' * 30}&t=a-b"],
)
def test_link__invented__refused(smtp: FakeSmtp, odette: User, query: str) -> None:
    answer = set_password(Client(), NEW_PAGE + query)

    assert "no longer works" in answer.content.decode()


def test_link__of_another_account__refused(smtp: FakeSmtp, odette: User) -> None:
    other = User.objects.create_superuser("pascal", "pascal@example.rw", PASSWORD)
    link = link_of(odette).replace(f"u={odette.pk}", f"u={other.pk}")

    set_password(Client(), link)

    other.refresh_from_db()
    assert other.check_password(PASSWORD)


def test_link__after_thirty_minutes__refused(
    smtp: FakeSmtp, odette: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    now = timezone.now().replace(tzinfo=None) + timedelta(hours=3)
    link = link_of(odette)
    assert product.PASSWORD_RESET_TIMEOUT == 30 * 60

    # When
    monkeypatch.setattr(default_token_generator, "_now", lambda: now)
    early = default_token_generator.make_token(odette)
    monkeypatch.setattr(
        default_token_generator, "_now", lambda: now + timedelta(minutes=31)
    )

    # Then
    assert not default_token_generator.check_token(odette, early)
    assert "no longer works" in set_password(Client(), link).content.decode()


# Each address that is asked for, and whether its account gets an e-mail.
ADDRESSES = {
    "odette@example.rw": True,
    "ODETTE@Example.rw": True,
    "unknown@example.rw": False,
    "customer@example.rw": False,
    "gone@example.rw": False,
    "provider@example.rw": False,
}


def test_request__known_or_unknown__same_answer_and_same_work(
    smtp: FakeSmtp, odette: User
) -> None:
    # Given
    User.objects.create_user("c", "customer@example.rw", PASSWORD)
    User.objects.create_user(
        "g", "gone@example.rw", PASSWORD, is_staff=True, is_active=False
    )
    User.objects.create_user("p", "provider@example.rw", is_staff=True)

    # When
    answers = []
    for address in ADDRESSES:
        browser = Client()
        answer = browser.post(PAGE, {"email": address})
        answers.append((answer.status_code, answer.content))

    # Then
    assert len(set(answers)) == 1
    assert "If an account has this address" in answers[0][1].decode()
    assert jobs() == [[odette.pk] if known else [] for known in ADDRESSES.values()]


@pytest.mark.parametrize("kind", ["one mailbox", "one network"])
def test_request__too_often__refused(smtp: FakeSmtp, odette: User, kind: str) -> None:
    statuses = [
        Client()
        .post(
            PAGE,
            {"email": odette.email if kind == "one mailbox" else f"n{n}@example.rw"},
            REMOTE_ADDR=f"203.0.113.{n}" if kind == "one mailbox" else "203.0.113.7",
        )
        .status_code
        for n in range(12)
    ]

    allowed = RESETS_OF_MAILBOX if kind == "one mailbox" else RESETS_OF_NETWORK
    assert statuses == [200] * allowed + [429] * (12 - allowed)
    assert len(jobs()) == allowed


@pytest.mark.parametrize(
    ("mailers", "passwords", "offered"),
    [(True, True, True), (False, True, False), (True, False, False)],
)
def test_offered__by_settings__link_and_page_only_then(
    settings: SettingsWrapper, mailers: bool, passwords: bool, offered: bool
) -> None:
    settings.MAILERS = {"default": {}} if mailers else {}
    settings.PASSWORD_SIGN_IN = passwords

    sign_in_page = Client().get("/admin/login/").content.decode()

    assert (PAGE in sign_in_page) is offered
    for page in (PAGE, NEW_PAGE):
        assert Client().get(page).status_code == (200 if offered else 404)


def test_weak_password__refused_and_the_link_stays(
    smtp: FakeSmtp, odette: User
) -> None:
    browser, link = Client(), link_of(odette)

    weak = set_password(browser, link, "short")
    right = browser.post(NEW_PAGE, {"new_password1": NEW, "new_password2": NEW})

    assert "at least 12" in weak.content.decode()
    assert right.status_code == 302


def test_second_factor__after_a_new_password__is_still_asked(
    smtp: FakeSmtp, odette: User
) -> None:
    factor, _codes = with_app(odette)
    set_password(Client(), link_of(odette))

    browser = sign_in(odette, password=NEW)

    assert not is_in(browser)
    assert prove(browser, unused_code(factor)) == 302
    assert is_in(browser)


@pytest.mark.django_db(transaction=True)
def test_job__of_the_worker__sends_the_link(smtp: FakeSmtp) -> None:
    # Given
    user = User.objects.create_superuser("odette", "odette@example.rw", PASSWORD)
    Client().post(PAGE, {"email": user.email})

    # When
    for users in jobs():
        async_to_sync(tasks.send_password_links.func)(users)

    # Then
    (mail,) = smtp.mails
    assert mail.to == ["odette@example.rw"]
    found = LINK.search(mail.text)
    assert found is not None
    assert set_password(Client(), found[1]).status_code == 302

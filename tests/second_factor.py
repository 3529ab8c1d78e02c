"""Authenticator apps of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.test import Client
from django_otp.oath import totp

from easymo.backoffice import second_factor
from easymo.backoffice.models import Totp

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PASSWORD = "a long enough one"
LOGIN = "/admin/login/"


def code_of(factor: Totp, *, steps: int = 0) -> str:
    """Return what the app shows now, or some steps of 30 seconds later."""
    moment = totp(factor.bin_key, t0=-steps * factor.step)
    return f"{moment:06d}"


def unused_code(factor: Totp) -> str:
    """Return a code that was not used, whatever was used before."""
    Totp.objects.filter(pk=factor.pk).update(
        last_t=-1, throttling_failure_count=0, throttling_failure_timestamp=None
    )
    return code_of(factor)


def with_app(user: User) -> tuple[Totp, list[str]]:
    """Set up an app for the account; return it and the recovery codes."""
    key = second_factor.new_key()
    draft = second_factor.unsaved(user, key)
    return second_factor.set_up(user=user, key=key, code=code_of(draft, steps=-1))


def wrong_code(factor: Totp) -> str:
    """Return six digits that are no code around now."""
    near = {code_of(factor, steps=step) for step in range(-3, 4)}
    return next(text for text in map("{:06d}".format, range(10)) if text not in near)


def sign_in(
    user: User, *, browser: Client | None = None, password: str = PASSWORD
) -> Client:
    """Sign in by the form with the password only."""
    browser = browser or Client()
    given = {"username": user.get_username(), "password": password}
    assert browser.post(LOGIN, given, REMOTE_ADDR="127.0.0.1").status_code == 302
    return browser


def prove(browser: Client, code: str) -> int:
    """Enter a code after the password; return the status."""
    answer = browser.post("/admin/second-factor/", {"code": code})
    return answer.status_code


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200

"""A browser that signs in at the identity provider of the tests."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User

from easymo.backoffice.models import OidcIdentity

if TYPE_CHECKING:
    from django.test import Client

START, CALLBACK, LOGIN = "/admin/oidc/start", "/admin/oidc/callback", "/admin/login/"
PASSWORDS = "easymo.backoffice.sign_in.SignInBackend"
OIDC = "easymo.backoffice.oidc.OidcBackend"


def at_provider(address: str) -> str:
    """Open the provider's page as the browser does; return where it sends it."""
    parts = urlsplit(address)
    link = http.client.HTTPConnection(parts.netloc, timeout=20)
    link.request("GET", f"{parts.path}?{parts.query}")
    answer = link.getresponse()
    assert answer.status == 302, "the provider refused the request"
    return str(answer.headers["Location"])


def begin(browser: Client, query: str = "") -> str:
    """Start; return the address with code and state that the provider sends back."""
    return at_provider(browser.get(START + query).headers["Location"])


def end(browser: Client, back: str) -> Any:
    return browser.get(back.removeprefix("http://testserver"))


def sign_in(browser: Client, query: str = "") -> Any:
    return end(browser, begin(browser, query))


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def assert_refused(browser: Client, answer: Any) -> None:
    assert (answer.status_code, answer.headers["Location"]) == (302, LOGIN)
    assert "did not work" in browser.get(LOGIN).content.decode()
    assert not is_in(browser)
    assert not User.objects.exists()
    assert not OidcIdentity.objects.exists()

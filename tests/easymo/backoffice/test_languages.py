"""Which language a page has, and that programs always get English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client

from easymo.backoffice.models import AccountLanguage

if TYPE_CHECKING:
    from django.http import HttpResponse

FRENCH = {"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.5"}


@pytest.fixture
def odette(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("odette", password=None))
    return client


def language_of(answer: HttpResponse) -> str:
    return answer.headers["Content-Language"]


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("fr", "fr"),
        ("fr-FR,fr;q=0.9", "fr"),
        ("fr-CA", "fr"),
        ("en-US,en;q=0.9,fr;q=0.5", "en-gb"),
        ("rw,fr;q=0.8", "fr"),
        ("rw", "en-gb"),
        ("de", "en-gb"),
        ("", "en-gb"),
        (";;;,,q=x" * 50, "en-gb"),
    ],
)
def test_page__no_choice__has_the_language_of_the_browser(
    db: None, accepted: str, shown: str
) -> None:
    answer = Client().get("/admin/login/", headers={"Accept-Language": accepted})

    assert language_of(answer) == shown
    assert "Accept-Language" in answer["Vary"]
    assert f'lang="{shown}"' in answer.content.decode()


def test_choice__of_an_account__holds_in_every_browser(odette: Client) -> None:
    answer = odette.post("/admin/language/", {"language": "fr", "next": "/admin/"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")

    elsewhere = Client()
    elsewhere.force_login(User.objects.get(username="odette"))
    page = elsewhere.get("/admin/", headers={"Accept-Language": "en"})

    assert language_of(page) == "fr"
    assert "Bons" in page.content.decode()
    # Taken back: the browser decides again.
    odette.post("/admin/language/", {"language": ""})
    assert language_of(odette.get("/admin/", headers=FRENCH)) == "fr"
    assert language_of(odette.get("/admin/")) == "en-gb"


def test_choice__before_the_sign_in__is_kept_in_the_browser(db: None) -> None:
    client = Client()

    client.post("/admin/language/", {"language": "fr", "next": "/admin/login/"})

    assert language_of(client.get("/admin/login/")) == "fr"
    assert not AccountLanguage.objects.exists()


@pytest.mark.parametrize(
    ("sent", "status", "to"),
    [
        ({"language": "de"}, 400, None),
        ({"language": "fr", "next": "https://evil.example/"}, 302, "/admin/"),
        ({"language": "fr", "next": "//evil.example/"}, 302, "/admin/"),
    ],
)
def test_choice__strange_request__leads_nowhere_else(
    odette: Client, sent: dict[str, str], status: int, to: str | None
) -> None:
    answer = odette.post("/admin/language/", sent)

    assert answer.status_code == status
    assert answer.headers.get("Location") == to
    assert AccountLanguage.objects.exists() == (status == 302)


PROGRAMS = [
    ("GET", "/functions/v1/ai-lookup-user"),
    ("POST", "/functions/v1/ai-lookup-user"),
    ("POST", "/functions/v1/ai-create-voucher"),
    ("POST", "/functions/v1/ai-redeem-voucher"),
    ("POST", "/functions/v1/ai-void-voucher"),
    ("POST", "/functions/v1/no-such-function"),
    ("GET", "/api/rollout/status"),
    ("GET", "/api/rollout/rollback"),
    ("GET", "/webhooks/whatsapp"),
    ("POST", "/webhooks/whatsapp"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/no-such-page"),
    ("GET", "/api/docs/"),
]


def test_programs__french_header_or_account__get_the_same_english(
    odette: Client,
) -> None:
    AccountLanguage.objects.create(
        user=User.objects.get(username="odette"), language="fr"
    )

    for method, address in PROGRAMS:
        plain = odette.generic(method, address)
        french = odette.generic(method, address, headers=FRENCH)

        assert french.status_code == plain.status_code, address
        assert "Content-Language" not in french.headers, address
        if address != "/metrics":
            assert _words(french) == _words(plain), address


def _words(answer: HttpResponse) -> str:
    """Return the answer without what differs from one request to the next."""
    return re.sub(r"[0-9a-f-]{32,}|[0-9]+", "", answer.content.decode())

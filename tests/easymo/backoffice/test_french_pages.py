"""Every page of the back office in French: no English is left in what is read."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po
from django.contrib import admin
from django.urls import NoReverseMatch, get_resolver, reverse

from easymo.paths import BASE_DIR
from rollout.reports import reports
from tests.backoffice import create_records, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
admin.autodiscover()

CATALOGUE = BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po"
PLACES = re.compile(r"%\(\w+\)[sd]|\{[^{}]*\}")
# Words that no French sentence has.
ENGLISH = re.compile(
    r"\b(the|and|is|are|of|with|for|not|by|this|from|was|to|when|here|yet|all|ago)\b"
)
# What the rows hold: written by people, by programs, or by a migration.
DATA = re.compile(
    r"the-superuser|^The customer asked for a person|^(added|removed|changed): "
    r"|/entry/0 of webhook|create voucher 10000 for|^profiles$"
    r"|^People who test features before all others$"
)
# Exports for programs and archives stay in English; an answer that was chosen in advance
# has the customer's language.
FIXED = re.compile(
    r"/export/$|/admin/inbox/replies/$|/announcement/new/$"
    r"|/contentversion/draft/$"
)
SHORTEST = 12
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# Names of features, stages and checks, and values of programs.
NAMES = frozenset(
    [
        "chat",
        "voice",
        "vouchers",
        "smoke",
        "beta",
        "system",
        "support",
        "customer",
        "staff",
        "active",
        "on",
        "everyone",
        "english",
        "french",
        "failed",
        "received",
        "reply",
        "verified",
        "probe",
        "pre-flight",
        "password",
        "state",
        "cost",
        "checklist",
        "inbox",
    ]
) | {"smoke test", "never run", "no data"}


class Visible(HTMLParser):
    """Collects what is read: texts, and the labels that are read aloud."""

    LABELS = ("aria-label", "placeholder", "title", "alt")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            self.texts += [
                value for name, value in attrs if value and name in self.LABELS
            ]
            return
        is_icon = "material-symbols" in str(dict(attrs).get("class"))
        self.open.append(is_icon or tag in {"script", "style", "code", "pre"})
        self.texts += [value for name, value in attrs if value and name in self.LABELS]

    def handle_endtag(self, tag: str) -> None:
        if self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.open) and (text := " ".join(data.split())):
            self.texts.append(text)


def pages() -> Iterator[str]:
    """Return the address of each page that is no form's target."""
    for model, page in admin.site._registry.items():
        meta = model._meta
        name = f"admin:{meta.app_label}_{meta.model_name}"
        yield reverse(f"{name}_changelist")
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])
            yield reverse(f"{name}_history", args=[row.pk])
        for url in page.get_urls():
            if url.name and url.name.startswith(name.removeprefix("admin:")):
                keys = (
                    [row.pk]
                    if row is not None and "object_id" in str(url.pattern)
                    else []
                )
                try:
                    yield reverse(f"admin:{url.name}", args=keys)
                except NoReverseMatch:
                    continue
    for pattern in get_resolver().url_patterns:
        route = str(pattern.pattern)
        if route.startswith("admin/") and "<" not in route and hasattr(pattern, "name"):
            yield f"/{route}"
    yield from (
        "/",
        "/admin/",
        "/admin/?page=room",
        "/simulator/",
        "/simulator/sentences/",
        *(reverse("admin:rollout_report", args=[kind]) for kind in reports.KINDS),
    )


def english_texts() -> list[str]:
    with CATALOGUE.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    found = []
    for message in messages:
        source = message.id if isinstance(message.id, str) else message.id[0]
        translated = (
            message.string if isinstance(message.string, str) else message.string[0]
        )
        longest = max(PLACES.split(source), key=len).strip()
        if len(longest) >= SHORTEST and " " in longest and longest not in translated:
            found.append(longest)
    return found


@cache
def single_texts() -> frozenset[str]:
    """Return the texts of any length that are another text in French."""
    with CATALOGUE.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    pairs = [(message.id, message.string) for message in messages]
    french = {str(text).casefold() for _, text in pairs}
    return frozenset(
        source.casefold()
        for source, text in pairs
        if isinstance(source, str) and source.casefold() not in french
    )


def left_in_english(browser: Client, address: str, known: list[str]) -> list[str]:
    answer = browser.get(
        address, headers={"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.5"}
    )
    if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
        return []
    visible = Visible()
    visible.feed(answer.content.decode())
    return [
        text
        for text in visible.texts
        if (
            ENGLISH.search(text)
            or text.casefold().strip(" :…") in single_texts() - NAMES
            or any(one in text for one in known)
        )
        and not DATA.search(text)
    ]


def test_pages__french_browser__have_no_english_text(settings: SettingsWrapper) -> None:
    settings.SIMULATOR_ENABLED = True
    create_records()
    browser, known = signed_in("superuser"), english_texts()
    addresses = [each for each in dict.fromkeys(pages()) if not FIXED.search(each)]

    found = {
        address: left
        for address in addresses
        if (left := left_in_english(browser, address, known))
    }

    assert len(addresses) > 150
    assert not found, found

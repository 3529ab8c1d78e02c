"""What each page of the back office costs: the menu, the queries of the frame, the lists."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import base as urls
from django.utils.html import escape
from django.utils.translation.trans_real import TranslationCatalog

from easymo.backoffice.site import Site
from tests.backoffice import ROLES, create_records, grow, signed_in

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db

# Session, account, sign-in with language and factor, counts.
FRAME = 4
# The rights of an account and of its groups; none are read for a superuser.
RIGHTS = 2
PLAIN, LIST = "/admin/find/", "/admin/vouchers/voucher/"
RESTORE = "/admin/rollout/restore/"


def templates_of(page: HttpResponse) -> int:
    return len([each for each in page.templates if each.name])  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ROLES)
def test_frame__each_role__few_queries_and_no_work_for_each_entry(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    browser = signed_in(role)
    browser.get(PLAIN)
    resolved: list[object] = []
    plain = urls.reverse

    def count(name: object, *args: object, **given: object) -> str:
        resolved.append(name)
        return plain(name, *args, **given)  # type: ignore[arg-type]

    def unwanted(*args: object, **given: object) -> list[object]:
        raise AssertionError("this page does not show the list of all models")

    monkeypatch.setattr(AdminSite, "get_app_list", unwanted)
    for module in ("django.urls", "django.urls.base", "easymo.backoffice.site"):
        monkeypatch.setattr(f"{module}.reverse", count)

    # When
    with CaptureQueriesContext(connection) as asked:
        page = browser.get(PLAIN)

    # Then
    assert page.status_code == 200
    assert len(asked) == FRAME + (0 if role == "superuser" else RIGHTS)
    entries = [
        item for group in page.context["sidebar_navigation"] for item in group["items"]
    ]
    assert len(resolved) < len(entries)
    assert templates_of(page) < 45


@pytest.mark.parametrize("language", ["en-GB", "fr"])
def test_frame__again__looks_no_text_up(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    browser = signed_in("operator")
    headers = {"accept-language": language}
    first = browser.get(PLAIN, headers=headers)
    looked_up: list[object] = []
    plain = TranslationCatalog.get

    def count(catalogue: Any, key: object, default: object = None) -> object:
        looked_up.append(key)
        return plain(catalogue, key, default)

    monkeypatch.setattr(TranslationCatalog, "get", count)

    # When
    again = browser.get(PLAIN, headers=headers)

    # Then
    assert len(looked_up) < 10, looked_up
    told = "Vouchers" if language == "en-GB" else "Bons"
    assert told in first.content.decode()
    assert again.status_code == 200


def test_list__fifty_rows__renders_one_template_for_each() -> None:
    # Given
    records = create_records()
    browser = signed_in("operator")
    few = templates_of(browser.get(LIST))
    grow(records, 50)

    # Then
    assert templates_of(browser.get(LIST)) - few <= 50


@pytest.mark.parametrize(
    "path", ["/admin/", PLAIN, LIST, "/admin/vouchers/station/new/", RESTORE]
)
def test_frame__each_kind_of_page__has_one_main_and_a_link_to_it(path: str) -> None:
    shown = signed_in("superuser").get(path).content.decode()

    assert re.findall(r"<main\b[^>]*?id=\"(\w+)\"", shown) == ["main"]
    assert shown.count("<main") == 1
    first = re.findall(r"<a\b[^>]*>", shown)[0]
    assert 'href="#main"' in first
    assert 'class="skip-link"' in first


def test_form__sent_with_an_error__has_the_focus_in_the_first_wrong_field() -> None:
    browser, path = signed_in("superuser"), "/admin/vouchers/station/new/"

    def focused(page: HttpResponse) -> list[str]:
        marked = re.findall(r"<\w+[^>]*\bautofocus\b[^>]*>", page.content.decode())
        return re.findall(r'\bname="(\w+)"', " ".join(marked))

    opened = browser.get(path)
    wrong = browser.post(path, {"code": "HUYE", "key": str(uuid4())})

    assert focused(opened) == ["code"]
    assert focused(wrong) == ["name"]


def test_actions__that_close_something__name_what_they_close() -> None:
    closing: dict[str, list[str]] = {}
    for model, page in admin.site._registry.items():
        groups = getattr(page, "actions_detail", ())
        for name in chain(
            *(g["items"] if isinstance(g, dict) else [g] for g in groups)
        ):
            if "close" in name:
                words = str(getattr(page, name).short_description)
                closing.setdefault(words, []).append(model.__name__)

    assert len(closing) > 2
    assert "Close" not in closing
    assert {words: of for words, of in closing.items() if len(of) > 1} == {}


def test_site__of_the_admin__is_ours_and_lists_its_models_when_asked() -> None:
    browser = signed_in("superuser")
    page = browser.get("/admin/vouchers/")
    assert isinstance(admin.site._wrapped, Site)  # type: ignore[attr-defined]
    assert page.status_code == 200
    assert "Vouchers" in page.content.decode()
    assert browser.get("/admin/nothing/").status_code == 404


def test_lists__every_model__has_nothing_that_our_template_leaves_out() -> None:
    left_out = ("list_editable", "list_sections", "ordering_field")
    assert [
        (model, name)
        for model, page in admin.site._registry.items()
        for name in left_out
        if getattr(page, name, None)
    ] == []


def test_menu__each_entry_and_the_pages_below__is_the_only_active_one() -> None:
    # Given
    browser = signed_in("superuser")
    page = browser.get(PLAIN)
    links = {
        item["link"]: item["title"]
        for group in page.context["sidebar_navigation"]
        for item in group["items"]
        if not item["link"].startswith("/simulator/")
    }
    below = {
        "/admin/?page=room&range=day": "Control room",
        "/admin/inbox/replies/": "Inbox",
        "/admin/rollout/notice/report/weekly/": "Reports",
        "/admin/vouchers/station/new/": "Stations",
        "/admin/rollout/incident/?status__exact=open": "Incidents",
    }

    for link, title in (links | below).items():
        # When
        page = browser.get(link)

        # Then
        items = [
            item
            for group in page.context["sidebar_navigation"]
            for item in group["items"]
        ]
        assert [str(item["title"]) for item in items if item["active"]] == [title], link
        shown = page.content.decode()
        menu = shown[shown.index('id="nav-sidebar-apps"') :].split("</nav>")[0]
        assert menu.count('aria-current="page"') == 1, link
        if "/admin/" in link and page.context.get("cl"):
            heading = re.search(r"<h1.*?</h1>", shown, re.DOTALL)
            assert heading is not None
            assert str(escape(title)) in heading[0]


def test_menu__what_opens_and_closes_it__is_a_button() -> None:
    shown = signed_in("superuser").get("/admin/").content.decode()
    pressed = re.findall(
        r"<(\w+)[^>]*x-on:click=\"(navigationOpen|sidebarToggle)", shown
    )
    assert ("button", "navigationOpen") in pressed
    assert ("button", "sidebarToggle") in pressed
    assert "h2" not in dict(pressed)

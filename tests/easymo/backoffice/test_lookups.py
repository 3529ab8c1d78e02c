"""Lookups in the addresses of lists: no account learns a value that it may not see."""

from __future__ import annotations

import re
from itertools import cycle, product
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import models
from django.test import Client
from django.urls import reverse

from easymo.backoffice.pages import FILTER_SUFFIXES, ListedLookups
from tests.backoffice import create_records, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.admin import ModelAdmin
    from django.db.models import Model

pytestmark = pytest.mark.django_db

admin.autodiscover()
PAGES = sorted(
    (page for page in admin.site._registry.values()),
    key=lambda page: page.model._meta.label,
)
# A number that no person has.
WRONG = "+250788999999"
PERSONAL = ("msisdn", "bsuid", "__number", "body")
SENSITIVE = re.compile(
    r"msisdn|number|phone|bsuid|value|recipient|secret|hash|hmac|token|password|code"
    r"|sealed|body|text|name|email|arguments|items|memory|result|subject|digest|salt"
)
SUFFIXES = (
    *("", "__exact", "__iexact", "__startswith", "__istartswith", "__endswith"),
    *("__contains", "__icontains", "__regex", "__iregex", "__in", "__gt", "__gte"),
    *("__lt", "__lte", "__range", "__isnull", "__length", "__trigram_similar"),
    *("__isempty", "__ne", "__pk", "__0", "__search", "__unaccent", "__year"),
)
DEPTH = 3


@pytest.fixture
def aline() -> str:
    """Return the number of a person with a row of everything."""
    return str(create_records().cast.aline.profile.msisdn)


def _paths(
    model: type[Model], prefix: str = "", depth: int = DEPTH, seen: tuple[Any, ...] = ()
) -> Iterator[str]:
    """Yield all paths to fields that may hold what is hidden, also over relations."""
    for field in model._meta.get_fields():
        name = f"{prefix}{field.name}"
        related = getattr(field, "related_model", None)
        if isinstance(related, type) and issubclass(related, models.Model):
            if depth > 1 and related not in seen:
                yield from _paths(related, f"{name}__", depth - 1, (*seen, model))
        elif SENSITIVE.search(field.name):
            yield name


def _listed(page: ModelAdmin[Any], request: Any) -> set[str]:
    """Return the parameters that the list's own filters make."""
    return {
        item
        if isinstance(item, str)
        else str(item[0] if isinstance(item, tuple) else item.parameter_name)
        for item in page.get_list_filter(request)
    }


def test_pages__every_registered_model__allows_listed_lookups_only() -> None:
    assert len(PAGES) > 30
    assert all(isinstance(page, ListedLookups) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.model._meta.label)
def test_lookup__every_path_and_suffix__is_refused_unless_listed(
    page: ModelAdmin[Any], rf: Any
) -> None:
    # Given
    request = rf.get("/")
    listed = _listed(page, request)
    paths = list(_paths(page.model))

    # When
    allowed = {
        f"{path}{suffix}"
        for path, suffix in product(paths, SUFFIXES)
        if page.lookup_allowed(f"{path}{suffix}", WRONG, request)
    }

    # Then
    expected = {
        f"{path}{suffix}"
        for path, suffix in product(listed & set(paths), SUFFIXES)
        if suffix in FILTER_SUFFIXES
    }
    assert allowed == expected
    # No filter of a list is on a number, a code or a text.
    assert not any(
        re.search(r"msisdn|bsuid|hmac|hash|body|password|recipient|sealed", name)
        for name in listed
    )


def test_filter__value_that_no_row_can_have__is_no_failure(rf: Any) -> None:
    client = signed_in("superuser")
    failed = {}
    for page in PAGES:
        meta = page.model._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        for name in _listed(page, rf.get("/")):
            for parameter in (name, f"{name}__exact"):
                try:
                    answer = client.get(f"{address}?{parameter}=a%00b")
                except Exception as error:
                    raise AssertionError(f"{address}?{parameter}") from error
                if answer.status_code not in {200, 302, 400}:
                    failed[f"{address}?{parameter}"] = str(answer.status_code)

    assert failed == {}


def _viewer_of_everything() -> Client:
    """Sign in an account that may view every model but not whole numbers."""
    user = User.objects.create_user("viewer", is_staff=True)
    views = Permission.objects.filter(codename__startswith="view_")
    user.user_permissions.add(*views)
    client = Client()
    client.force_login(user)
    return client


def _rows(
    browser: Client, page: ModelAdmin[Any], query: dict[str, str]
) -> tuple[int, str]:
    meta = page.model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    answer = browser.get(address, query)
    # The whole page, but for what the user typed, and values of the request.
    page_text = answer.content.decode()
    for typed in query.values():
        page_text = page_text.replace(typed, "")
    page_text = re.sub(r'value="[^"]*"|href="[^"]*"|nonce="[^"]*"', "", page_text)
    return answer.status_code, page_text


def test_list__value_right_or_wrong__answers_alike(aline: str) -> None:
    """The suffixes take turns; the test above tries each path with each suffix."""
    # Given
    browser = _viewer_of_everything()

    # When
    differ = []
    for page in PAGES:
        paths = [path for path in _paths(page.model) if path.endswith(PERSONAL)]
        suffixes = cycle(("__startswith", "__regex"))
        for path, suffix in zip(paths[:4], suffixes, strict=False):
            right, wrong = (
                _rows(browser, page, {f"{path}{suffix}": value})
                for value in (aline, WRONG)
            )
            if right != wrong or right[0] != 400:
                differ.append((page.model._meta.label, f"{path}{suffix}"))

    # Then
    assert differ == []


def test_search__by_number_without_the_permission__finds_nothing(aline: str) -> None:
    """Each spelling on each page, sorted in a popup for every second one."""
    # Given
    browser = _viewer_of_everything()
    national = aline.removeprefix("+250")
    spellings = (aline, f"0{national}", national, f"00250 {national}")

    # When
    differ = []
    for page in PAGES:
        if not page.search_fields:
            continue
        extras = cycle(({}, {"o": "1", "_popup": "1"}))
        for spelling, extra in zip(spellings, extras, strict=False):
            wrong = spelling[:-4] + "9999"
            right_page = _rows(browser, page, {"q": spelling, **extra})
            if right_page != _rows(browser, page, {"q": wrong, **extra}):
                differ.append((page.model._meta.label, spelling))

    # Then
    assert differ == []


def test_search__by_number_with_the_permission__finds_the_person(
    aline: str,
) -> None:
    # Given
    address = reverse("admin:vouchers_profile_changelist")
    typed = aline.replace("+250", "0")

    # When
    support = signed_in("support").get(address, {"q": typed})
    viewer = signed_in("viewer").get(address, {"q": typed})

    # Then
    assert "Aline" in support.content.decode()
    assert "Aline" not in viewer.content.decode()


def test_popup__to_field_of_a_number__is_refused(aline: str) -> None:
    address = reverse("admin:vouchers_profile_changelist")
    answer = _viewer_of_everything().get(
        address, {"_popup": "1", "_to_field": "msisdn"}
    )
    assert aline not in answer.content.decode()
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["search/", "autocomplete/"])
def test_other_searches__by_number__answer_alike(path: str, aline: str) -> None:
    # Given
    browser = _viewer_of_everything()
    start = reverse("admin:index")
    query = {"app_label": "vouchers", "model_name": "voucher", "field_name": "owner"}

    # When
    answers = [
        browser.get(f"{start}{path}", {**query, "s": number, "term": number})
        for number in (aline, WRONG)
    ]

    # Then
    assert len({(each.status_code, each.content) for each in answers}) == 1

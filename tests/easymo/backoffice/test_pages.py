"""Every page of every model: who may open it, and what no user may do there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from agents.models import OutboundMessage
from tests.backoffice import ROLES, Records, create_records, signed_in
from vouchers.models import Profile, Voucher

if TYPE_CHECKING:
    from django.db.models import Model
    from django.test import Client

pytestmark = pytest.mark.django_db

OURS = ("agents", "vouchers", "rollout")
admin.autodiscover()
MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in OURS),
    key=lambda model: model._meta.label,
)


@pytest.fixture
def records(db: None) -> Records:
    return create_records()


def address(model: type[Model], page: str, *keys: object) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=keys)


@pytest.mark.parametrize("role", ROLES)
def test_pages__every_model__open_for_everybody_of_the_staff(
    records: Records, role: str
) -> None:
    # Given
    browser = signed_in(role)

    # When
    refused = {}
    for model in MODELS:
        pages = [address(model, "changelist")]
        if row := model._default_manager.order_by("pk").first():
            pages.append(address(model, "change", row.pk))
        for page in pages:
            status = browser.get(page).status_code
            if status != 200:
                refused[page] = status

    # Then
    assert refused == {}
    assert len(MODELS) > 10


@pytest.mark.parametrize("role", ROLES)
def test_rows__nobody_adds_changes_or_deletes_them_by_hand(
    records: Records, role: str
) -> None:
    # Given
    browser = signed_in(role)
    before = snapshot()

    # When
    done = {}
    for model in MODELS:
        row = model._default_manager.order_by("pk").first()
        key = row.pk if row else 1
        answers = {
            "add": browser.post(address(model, "add"), {"name": "x"}),
            "change": browser.post(address(model, "change", key), {"name": "x"}),
            "delete": browser.post(address(model, "delete", key), {"post": "yes"}),
            "bulk": browser.post(
                address(model, "changelist"),
                {"action": "delete_selected", "_selected_action": [key], "post": "yes"},
            ),
        }
        for name, answer in answers.items():
            is_refused = answer.status_code in {403, 302} or (
                name == "bulk" and answer.status_code == 200
            )
            if not is_refused:
                done[model.__name__, name] = answer.status_code

    # Then
    assert done == {}
    assert snapshot() == before


def snapshot() -> list[list[dict[str, object]]]:
    return [
        list(model._default_manager.order_by("pk").values())
        for model in (*MODELS, Voucher, Profile, OutboundMessage)
    ]


def test_pages__nobody_signed_in__sent_to_the_login(records: Records, client) -> None:  # type: ignore[no-untyped-def]
    for model in MODELS:
        answer = client.get(address(model, "changelist"))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/")


PAGES = ("changelist", "add", "history", "delete", "change")
PLACE = re.compile("<[a-z]+:([a-z_]+)>")


def _some(place: re.Match[str]) -> str:
    return {"object_id": "1", "kind": "daily"}[place[1]]


def test_buttons__staff_without_a_right__open_nothing(client: Client, db: None) -> None:
    # Given
    client.force_login(User.objects.create_user("new", is_staff=True))
    buttons = {
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/{each.pattern}"
        for model in MODELS
        for each in admin.site._registry[model].get_urls()
        if each.name and not each.name.endswith(PAGES)
    }

    # When
    answers = {
        path: client.post(PLACE.sub(_some, path), {"reason": "x"}).status_code
        for path in buttons
    }

    # Then
    assert len(answers) > 60
    assert {path for path, status in answers.items() if status != 403} == set()


@pytest.mark.parametrize(
    "path",
    [
        "/admin/rollout/incident/abc/note/",
        "/admin/agents/conversation/abc/answer/",
        "/admin/vouchers/voucher/12abc/change/",
        "/admin/rollout/plan/9999999999999999999/change/",
    ],
)
def test_pages__address_that_names_no_row__is_no_page(db: None, path: str) -> None:
    assert signed_in("superuser").get(path).status_code == 404

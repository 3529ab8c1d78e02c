from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

from agents.operations import system_checks
from easymo.database import checks as database_checks

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

SET = {
    "DEMONSTRATION": False,
    "WA_APP_SECRETS": ["s"],
    "WA_VERIFY_TOKEN": "v",
    "WA_TOKEN": "t",
    "WA_PHONE_ID": "1",
    "OPENAI_API_KEY": "k",
    "DEBUG": False,
    "ALLOWED_HOSTS": ["h"],
    "DATABASE_LISTEN": {},
}


def all_found() -> list[CheckMessage]:
    return [
        *system_checks.whatsapp_is_complete(),
        *system_checks.model_is_set_up(),
        *system_checks.templates_are_named(),
        *database_checks.site_is_closed(),
    ]


@override_settings(**SET)
def test_checks__everything_set__find_nothing() -> None:
    assert all_found() == []


@override_settings(**{**SET, "DEMONSTRATION": True, "OPENAI_API_KEY": ""})
def test_checks__demonstration__find_nothing() -> None:
    assert all_found() == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"WA_APP_SECRETS": []}, "agents.W001"),
        ({"WA_VERIFY_TOKEN": ""}, "agents.W002"),
        ({"WA_TOKEN": ""}, "agents.W003"),
        ({"WA_PHONE_ID": ""}, "agents.E001"),
        ({"WA_PHONE_ID": "", "WA_TOKEN": ""}, "agents.W003"),
        ({"OPENAI_API_KEY": ""}, "agents.W004"),
        ({"DEBUG": True}, "site.W001"),
        ({"ALLOWED_HOSTS": ["*"]}, "site.W002"),
        ({"DATABASE_LISTEN": None}, "database.W002"),
    ],
)
def test_checks__something_missing__is_named_with_a_hint(
    changed: dict[str, object], named: str
) -> None:
    with override_settings(**{**SET, **changed}):
        found = all_found()

    assert [message.id for message in found] == [named]
    assert found[0].hint


def test_checks__template_of_an_announcement__is_looked_at_too() -> None:
    with override_settings(**SET, WA_TEMPLATE_ANNOUNCEMENT="Big News"):
        [found] = all_found()
    assert found.id == "agents.E003"


@pytest.mark.parametrize(
    "name", ["Voucher Issued", "voucher-issued", "émis", "x" * 513]
)
def test_checks__template_name_that_meta_cannot_have__is_an_error(name: str) -> None:
    with override_settings(**SET, WA_TEMPLATE_STATION_NOTICE=name):
        [found] = all_found()
    assert found.id == "agents.E003"
    assert name not in found.msg


def test_checks__template_name_as_meta_lists_it__is_fine() -> None:
    with override_settings(**SET, WA_TEMPLATE_VOUCHER_ISSUED="voucher_issued_2"):
        assert all_found() == []

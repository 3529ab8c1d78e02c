from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core import checks

from easymo.preflight import registry, site
from tests.easymo.preflight.requests import circumstances_with, look, real

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


def test_keys__set__says_what_losing_them_means() -> None:
    found = look("site.keys")

    assert found.status == "ok"
    assert "Losing EASYMO_KEYS loses the codes" in found.detail


def test_keys__none__failed(settings: SettingsWrapper) -> None:
    settings.EASYMO_KEYS = {}

    found = look("site.keys")

    assert (found.status, found.setting) == ("failed", "EASYMO_KEYS")


@pytest.mark.parametrize(
    ("setting", "value", "line", "status"),
    [
        ("DEBUG", True, "site.debug", "failed"),
        ("SECRET_KEY", "short", "site.secret_key", "warning"),
        ("ALLOWED_HOSTS", ["*"], "site.hosts", "failed"),
        ("ALLOWED_HOSTS", ["localhost"], "site.hosts", "warning"),
    ],
)
def test_site__open__told_with_its_setting(
    settings: SettingsWrapper, setting: str, value: object, line: str, status: str
) -> None:
    # Given: what the check framework itself says
    settings.ALLOWED_HOSTS = ["agent.example.rw"]
    settings.SECRET_KEY = "0123456789" * 6
    circumstances = real()
    [closed] = [one for one in registry.lines() if one.name == line]
    assert closed.look(circumstances).status == "ok"

    # When
    setattr(settings, setting, value)

    # Then
    found = closed.look(real())
    assert (found.status, found.setting) == (status, setting)
    assert found.remedy


def test_secret_key__weak_while_people_are_served__failed(
    settings: SettingsWrapper,
) -> None:
    settings.SECRET_KEY = "short"
    [line] = [one for one in registry.lines() if one.name == "site.secret_key"]

    assert line.look(real(serves_people=True)).status == "failed"


def test_https__each_state__told(settings: SettingsWrapper) -> None:
    assert look("site.https", message_ids=("security.W008",)).setting == "HTTPS_ONLY"
    settings.BEHIND_PROXY = False
    assert look("site.https").setting == "BEHIND_PROXY"
    settings.BEHIND_PROXY = True
    assert look("site.https").status == "ok"


def test_hosts__plain_origin_under_https__warning(settings: SettingsWrapper) -> None:
    settings.ALLOWED_HOSTS = ["agent.example.rw"]
    settings.HTTPS_ONLY = True
    settings.CSRF_TRUSTED_ORIGINS = ["http://agent.example.rw"]

    assert look("site.hosts").setting == "CSRF_TRUSTED_ORIGINS"


def test_remaining__taken_over__silent() -> None:
    circumstances = circumstances_with(message_ids=("security.W018", "fields.E001"))
    circumstances.message("security.W018")

    found = site.remaining(circumstances)

    assert found.status == "warning"
    assert "fields.E001" in found.detail
    assert "W018" not in found.detail


def test_remaining__an_error__failed() -> None:
    messages = {"a.E001": [checks.Error("Broken.", hint="Mend it.", id="a.E001")]}

    found = site.remaining(circumstances_with(messages=lambda: messages))

    assert (found.status, found.remedy) == ("failed", "Mend it.")


def test_remaining__nothing__ok() -> None:
    assert site.remaining(circumstances_with()).status == "ok"

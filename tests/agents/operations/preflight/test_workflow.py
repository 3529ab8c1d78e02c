from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.operations.preflight.workflow import VOICE
from rollout.core.features import Feature
from tests.easymo.preflight.requests import look

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

ON = {"features_on": {Feature.VOICE}}


@pytest.fixture
def trunk(settings: SettingsWrapper) -> SettingsWrapper:
    settings.SIP_TRUNK_URI = "sip:trunk.example.rw"
    settings.SIP_TRUNK_USERNAME = "easymo"
    settings.SIP_TRUNK_PASSWORD = "a password"
    settings.OPENAI_API_KEY = "sk-test"
    settings.OPENAI_WEBHOOK_SECRETS = ["whsec_test"]
    settings.VOICE_FALLBACK_URI = "tel:+250788100001"
    return settings


def test_voice__off_and_unset__skipped() -> None:
    assert look("voice.sip").status == "skipped"


def test_voice__whole__ok(trunk: SettingsWrapper) -> None:
    assert look("voice.sip", **ON).status == "ok"


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        *((name, "", "failed") for name in VOICE),
        ("SIP_TRUNK_URI", "trunk.example.rw", "failed"),
        ("OPENAI_API_KEY", "", "failed"),
        ("OPENAI_WEBHOOK_SECRETS", [], "failed"),
        ("VOICE_FALLBACK_URI", "", "warning"),
    ],
)
def test_voice__one_wrong__named(
    trunk: SettingsWrapper, name: str, value: str, status: str
) -> None:
    setattr(trunk, name, value)

    found = look("voice.sip", **ON)

    assert (found.status, found.setting) == (status, name.removesuffix("S"))


def test_voice__on_and_unset__lacking() -> None:
    assert look("voice.sip", **ON).status == "warning"
    assert look("voice.sip", serves_people=True, **ON).status == "failed"
    assert look("voice.sip", is_demonstration=True, **ON).status == "skipped"


def test_previous__none__warning() -> None:
    found = look("workflow.previous")

    assert (found.status, found.setting) == ("warning", "LEGACY_WEBHOOK_URL")


@pytest.mark.parametrize(
    ("said", "status"),
    [((), "ok"), (("agents.W005",), "warning"), (("agents.E002",), "failed")],
)
def test_previous__named__as_the_check_framework_says(
    settings: SettingsWrapper, said: tuple[str, ...], status: str
) -> None:
    settings.LEGACY_WEBHOOK_URL = "https://old.example.rw/hook"

    assert look("workflow.previous", said=said).status == status

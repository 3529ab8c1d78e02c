from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from agents.api import realtime_endpoint
from agents.models import RealtimeEvent
from agents.operations.preflight.voice import SHUTDOWNS, VOICE, shutdown_of
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
        ("VOICE_FALLBACK_URI", "tel:the desk", "failed"),
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


@pytest.mark.parametrize("model", SHUTDOWNS)
@pytest.mark.parametrize("snapshot", ["", "-2025-08-28"])
@pytest.mark.parametrize(
    ("days_before", "status"),
    [(91, "ok"), (90, "failed"), (1, "failed"), (0, "failed"), (-100, "failed")],
)
def test_model__days_before_its_end__failed_from_ninety(
    settings: SettingsWrapper, model: str, snapshot: str, days_before: int, status: str
) -> None:
    settings.OPENAI_REALTIME_MODEL = model + snapshot
    at = SHUTDOWNS[model] - timedelta(days=days_before)

    with time_machine.travel(datetime(at.year, at.month, at.day, 12, tzinfo=UTC)):
        found = look("voice.model", **ON)

    if status == "failed":
        assert (found.status, found.setting) == ("failed", "OPENAI_REALTIME_MODEL")
    else:
        # Models that transcribe have no price as models that speak.
        assert found.status in {"ok", "warning"}


@pytest.mark.parametrize("voice", [True, False])
@pytest.mark.parametrize(
    "name",
    ["OPENAI_RESPONSES_MODEL", "OPENAI_TRANSCRIPTION_MODEL", "OPENAI_REALTIME_MODEL"],
)
def test_model__each_setting_that_is_used__failed_near_the_end(
    settings: SettingsWrapper, name: str, *, voice: bool
) -> None:
    settings.OPENAI_API_KEY = "sk-test"
    on = ON if voice else {}
    usual = "ok" if voice else "skipped"
    # The default settings pass.
    with time_machine.travel(datetime(2027, 2, 20, tzinfo=UTC)):
        assert look("voice.model", **on).status == usual

        setattr(settings, name, "gpt-4o-mini-transcribe")
        found = look("voice.model", **on)

    if voice or name != "OPENAI_REALTIME_MODEL":
        assert (found.status, found.setting) == ("failed", name)
    else:
        assert found.status == usual


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-realtime", date(2027, 1, 20)),
        ("gpt-realtime-2025-08-28", date(2027, 1, 20)),
        ("gpt-realtime-2.1", None),
        ("gpt-realtime-2.1-mini", None),
        ("gpt-transcribe", None),
    ],
)
def test_shutdown__model_with_a_longer_name__is_another(
    model: str, expected: date | None
) -> None:
    assert shutdown_of(model) == expected


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("OPENAI_REALTIME_MODEL", "gpt-realtime-2.1", "ok"),
        ("OPENAI_REALTIME_MODEL", "gpt-realtime-9", "warning"),
        ("OPENAI_VOICE", "nova", "failed"),
    ],
)
def test_model__price_and_voice__named(
    settings: SettingsWrapper, name: str, value: str, status: str
) -> None:
    setattr(settings, name, value)

    found = look("voice.model", **ON)

    assert found.status == status
    assert found.setting == ("" if status == "ok" else name)


@pytest.mark.django_db
@pytest.mark.parametrize("secrets", [["whsec_b25l"], ["whsec_b25l", "plain two"]])
def test_webhook__each_secret__event_taken_and_nothing_left(
    trunk: SettingsWrapper, secrets: list[str]
) -> None:
    trunk.OPENAI_WEBHOOK_SECRETS = secrets

    found = look("voice.webhook", **ON)

    assert found.status == "ok", found
    assert str(len(secrets)) in found.detail
    assert RealtimeEvent.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("is_signed", [True, False])
def test_webhook__endpoint_that_decides_wrongly__failed(
    trunk: SettingsWrapper, monkeypatch: pytest.MonkeyPatch, *, is_signed: bool
) -> None:
    def decide(*_: Any, **__: Any) -> bool:
        return is_signed

    monkeypatch.setattr(realtime_endpoint, "is_signed", decide)

    found = look("voice.webhook", **ON)

    assert (found.status, found.setting) == ("failed", "OPENAI_WEBHOOK_SECRET")


@pytest.mark.django_db
def test_webhook__no_secret__lacking(settings: SettingsWrapper) -> None:
    settings.OPENAI_WEBHOOK_SECRETS = []

    assert look("voice.webhook").status == "skipped"
    assert look("voice.webhook", **ON).status == "warning"
    assert look("voice.webhook", serves_people=True, **ON).status == "failed"

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from easymo.preflight import provider_request
from rollout.core.features import Feature
from tests.easymo.preflight.requests import look
from tests.fakes import openai_answers as say
from tests.fakes.openai import FakeOpenAI
from tests.fakes.openai_answers import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

KEY, PRICE = "openai.key", "openai.price"
MODELS = ("gpt-5-mini", "gpt-4o-mini-transcribe")


@pytest.fixture
def openai(settings: SettingsWrapper) -> Iterator[FakeOpenAI]:
    with FakeOpenAI(models=MODELS) as fake:
        settings.OPENAI_API_KEY = fake.api_key
        settings.OPENAI_BASE_URL = fake.base_url
        settings.OPENAI_RESPONSES_MODEL = MODELS[0]
        settings.OPENAI_TRANSCRIPTION_MODEL = MODELS[1]
        yield fake


def test_key__not_set__warning() -> None:
    found = look(KEY, live=True)

    assert (found.status, found.setting) == ("warning", "OPENAI_API_KEY")
    assert "offline model" in found.detail


def test_key__the_guides_placeholder__failed(settings: SettingsWrapper) -> None:
    settings.OPENAI_API_KEY = "sk-..."

    assert look(KEY).status == "failed"


def test_key__not_live__not_asked(openai: FakeOpenAI) -> None:
    assert look(KEY).status == "ok"
    assert openai.listed == 0


def test_key__right__ok_without_a_token(openai: FakeOpenAI) -> None:
    found = look(KEY, live=True)

    assert found.status == "ok"
    assert openai.listed == 1
    assert openai.requests == []
    assert openai.api_key not in found.detail


@pytest.mark.parametrize(
    ("name", "circumstances", "status"),
    [
        ("OPENAI_RESPONSES_MODEL", {}, "failed"),
        ("OPENAI_REALTIME_MODEL", {"features_on": {Feature.VOICE}}, "failed"),
        ("OPENAI_TRANSCRIPTION_MODEL", {}, "warning"),
    ],
)
def test_key__unknown_model__names_its_setting(
    openai: FakeOpenAI,
    settings: SettingsWrapper,
    name: str,
    circumstances: dict[str, object],
    status: str,
) -> None:
    setattr(settings, name, "gpt-imagined")

    found = look(KEY, live=True, **circumstances)

    assert (found.status, found.setting) == (status, name)
    assert "gpt-imagined" in found.detail


def test_key__wrong__failed(openai: FakeOpenAI, settings: SettingsWrapper) -> None:
    settings.OPENAI_API_KEY = "sk-another"

    found = look(KEY, live=True)

    assert (found.status, found.setting) == ("failed", "OPENAI_API_KEY")
    assert "401" in found.detail


@pytest.mark.parametrize(
    ("failure", "status", "setting"),
    [
        (say.out_of_quota(), "failed", "OPENAI_API_KEY"),
        (say.rate_limited("1"), "warning", "OPENAI_API_KEY"),
        (Failure(403, b'{"error": {"code": null}}'), "failed", "OPENAI_API_KEY"),
        (Failure(404, b"{}"), "failed", "OPENAI_BASE_URL"),
        (say.server_error(), "failed", "OPENAI_BASE_URL"),
        (say.html(), "failed", "OPENAI_BASE_URL"),
        (Failure(200, b'{"data": "no list"}'), "failed", "OPENAI_BASE_URL"),
        (say.drop(), "failed", "OPENAI_BASE_URL"),
        (say.half_body(), "failed", "OPENAI_BASE_URL"),
    ],
)
def test_key__each_refusal__its_remedy(
    openai: FakeOpenAI, failure: Failure, status: str, setting: str
) -> None:
    openai.script(failure)

    found = look(KEY, live=True)

    assert (found.status, found.setting) == (status, setting)
    assert found.remedy


@pytest.mark.parametrize("failure", [say.hang(), say.slow_bytes()])
def test_key__slow__within_the_time(
    openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    monkeypatch.setattr(provider_request, "LONGEST_S", 0.2)
    openai.script(failure)

    assert "did not answer within" in look(KEY, live=True).detail


def test_price__known__ok(openai: FakeOpenAI) -> None:
    assert look(PRICE).status == "ok"


def test_price__unknown__lacking(openai: FakeOpenAI, settings: SettingsWrapper) -> None:
    settings.OPENAI_RESPONSES_MODEL = "nobodys-model"

    assert look(PRICE).status == "warning"
    assert look(PRICE, serves_people=True).status == "failed"


def test_price__no_key__skipped() -> None:
    assert look(PRICE).status == "skipped"

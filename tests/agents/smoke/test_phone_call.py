"""The smoke test of the phone against a real worker and the local Realtime server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.models import Call, Conversation
from agents.smoke import evidence
from agents.smoke.cases import CASES
from easymo.database.clock import worker_silence
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from rollout.models import Observation
from tests.fakes.realtime import FakeRealtime
from tests.live import until
from tests.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.graph import FakeGraph

[CASE] = [case for case in CASES if case.name == "voice.call"]


@pytest.fixture
def realtime(
    committed_db: str, deployment: SettingsWrapper, graph: FakeGraph
) -> Iterator[FakeRealtime]:
    set_features({Feature.VOICE: True}, actor="t", reason="t", source="command")
    with FakeRealtime() as server:
        deployment.OPENAI_WEBHOOK_SECRETS = ["a secret"]
        deployment.OPENAI_API_KEY = server.api_key
        deployment.OPENAI_BASE_URL = server.base_url
        with Worker(
            database_url=committed_db,
            graph=graph,
            OPENAI_API_KEY=server.api_key,
            OPENAI_BASE_URL=server.base_url,
        ):
            until(lambda: worker_silence() is not None)
            yield server


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.smoke.phone_call.DECIDED_WITHIN_S", 90.0)
    monkeypatch.setattr(evidence, "WRITTEN_WITHIN_S", 90.0)


def test_call__provider_knows_no_such_call__passes_and_counts_nowhere(
    realtime: FakeRealtime,
) -> None:
    found = CASE.run(None)

    assert found.passed, found
    call = Call.objects.get()
    assert (call.is_synthetic, call.reason) == (True, "caller_gone")
    assert [verb for verb, _, _ in realtime.requests if verb == "accept"] == ["accept"]
    assert not Conversation.objects.filter(is_synthetic=False).exists()
    assert not Observation.objects.filter(is_synthetic=False).exists()


def test_call__key_is_refused__fails_with_the_reason(realtime: FakeRealtime) -> None:
    realtime.fail_next("accept", 401, code="invalid_api_key", times=9)

    found = CASE.run(None)

    assert not found.passed
    assert "provider_error" in found.detail
    assert "OPENAI_API_KEY" in found.remedy


@pytest.mark.django_db
@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("has_key", [True, False])
def test_skip__voice_off_or_no_key__says_why(
    settings: SettingsWrapper, *, is_on: bool, has_key: bool
) -> None:
    set_features({Feature.VOICE: is_on}, actor="t", reason="t", source="command")
    settings.OPENAI_API_KEY = "sk-test" if has_key else ""

    assert (CASE.why_skipped() == "") == (is_on and has_key)

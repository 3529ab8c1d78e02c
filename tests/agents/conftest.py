from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout.core.features import Feature
from rollout.flags.flags import set_features
from tests import payloads
from tests.agents.outbound.delivering import make_conversation
from tests.fakes.graph import FakeGraph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

    from agents.models import Conversation


@pytest.fixture
def whatsapp(settings: SettingsWrapper) -> SettingsWrapper:
    """Set the channel up as in production; no token, so that nothing is sent."""
    settings.WA_APP_SECRETS = ["first-secret", "second-secret"]
    settings.WA_VERIFY_TOKEN = "verify-me"
    settings.WA_PHONE_ID = payloads.PHONE_NUMBER_ID
    settings.WA_TOKEN = ""
    return settings


@pytest.fixture
def switch() -> Callable[..., None]:
    """Return what turns features on or off: ``switch(chat=True)``."""

    def _switch(**features: bool) -> None:
        set_features(
            {Feature[name.upper()]: value for name, value in features.items()},
            actor="test",
            reason="a test",
            source="command",
        )

    return _switch


@pytest.fixture
def graph(
    committed_db: str, whatsapp: SettingsWrapper, switch: Callable[..., None]
) -> Iterator[FakeGraph]:
    switch(chat=True)
    with FakeGraph() as server:
        whatsapp.WHATSAPP_API_URL = server.url
        whatsapp.WA_TOKEN = server.token
        yield server
        assert server.rejected == []


@pytest.fixture
def conversation(graph: FakeGraph) -> Conversation:
    return make_conversation(msisdn="+250788123456")

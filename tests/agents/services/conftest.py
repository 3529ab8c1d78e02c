from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agents.services.delivering import make_conversation
from tests.fakes.graph import FakeGraph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

    from agents.models import Conversation


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

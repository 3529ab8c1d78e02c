from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import payloads
from tests.agents.cast import Cast, make_cast
from tests.fakes.graph import FakeGraph
from tests.fakes.openai import FakeOpenAI
from tests.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def cast(committed_db: str, settings: SettingsWrapper) -> Cast:
    settings.WA_APP_SECRETS = ["first-secret"]
    settings.WA_PHONE_ID = payloads.PHONE_NUMBER_ID
    return make_cast()


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    with FakeGraph() as fake:
        yield fake


@pytest.fixture
def openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
def worker(
    committed_db: str, cast: Cast, graph: FakeGraph, openai: FakeOpenAI
) -> Iterator[Worker]:
    """Start a real worker process; OpenAI and the Graph API are on the loopback."""
    with Worker(database_url=committed_db, graph=graph, openai=openai) as process:
        yield process

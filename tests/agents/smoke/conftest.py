from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.smoke import evidence
from easymo.observability import lines
from tests import payloads
from tests.fakes.graph import FakeGraph
from tests.faults.brisk_worker import COMMAND
from tests.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def _no_lines_left(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep no line where the database is shared: their writer commits by itself.

    No test waits for lines that are not kept.
    """
    if "committed_db" not in request.fixturenames:
        monkeypatch.setattr(lines, "MARK", "nobody's")
        monkeypatch.setattr(evidence, "WRITTEN_WITHIN_S", 0.0)


@pytest.fixture
def deployment(settings: SettingsWrapper) -> SettingsWrapper:
    """What this process and the worker's have in common."""
    settings.WA_APP_SECRETS = ["first-secret"]
    settings.WA_PHONE_ID = payloads.PHONE_NUMBER_ID
    settings.ALLOWED_HOSTS = ["agent.example.rw", "localhost"]
    return settings


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    with FakeGraph() as fake:
        yield fake


@pytest.fixture
def worker(
    committed_db: str,
    deployment: SettingsWrapper,
    graph: FakeGraph,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Worker]:
    """Start a worker without a simulator: it keeps no log line but a probe's."""
    monkeypatch.setattr(evidence, "ANSWERED_WITHIN_S", 90.0)
    monkeypatch.setattr(evidence, "WRITTEN_WITHIN_S", 90.0)
    with Worker(database_url=committed_db, graph=graph, command=COMMAND) as process:
        yield process

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.brisk_worker import COMMAND
from tests.flows.conftest import cast, graph, openai
from tests.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agents.cast import Cast
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI

__all__ = ["cast", "graph", "openai"]


@pytest.fixture
def worker(
    committed_db: str, cast: Cast, graph: FakeGraph, openai: FakeOpenAI
) -> Iterator[Worker]:
    """Start a real worker process with short waits."""
    with Worker(
        database_url=committed_db,
        graph=graph,
        openai=openai,
        command=COMMAND,
        OPENAI_TIMEOUT_S="2",
    ) as process:
        yield process

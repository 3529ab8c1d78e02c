from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agents.core.openai_clients import close_clients
from agents.llm.items import user
from agents.llm.model import Item, ModelRequest, ToolRequest, ToolSpec, Usage
from agents.llm.openai_client import OpenAIModel
from tests.fakes.openai import FakeOpenAI

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

LOOKUP = ToolSpec(
    name="lookup_customer",
    description="Look a customer up.",
    parameters={
        "type": "object",
        "properties": {"msisdn": {"type": "string"}},
        "required": ["msisdn"],
        "additionalProperties": False,
    },
)


@pytest.fixture
def fake_openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
async def model(fake_openai: FakeOpenAI) -> AsyncIterator[OpenAIModel]:
    yield OpenAIModel(
        name="gpt-5-mini", api_key=fake_openai.api_key, base_url=fake_openai.base_url
    )
    await close_clients()


@pytest.fixture
def request_() -> ModelRequest:
    return ModelRequest(
        instructions="Help with fuel vouchers.",
        items=[user("lookup +250788000000")],
        tools=[LOOKUP],
        timeout_s=10.0,
        subject_hash="aline",
    )


class Store:
    """What a turn keeps: the items that were handed over, in order, and tool calls."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.usage = Usage()
        self.saves: list[list[Item]] = []
        self.called: list[tuple[int, ToolRequest]] = []
        self.output: dict[str, Any] = {"success": True, "display": "Found."}

    async def on_items(self, new: list[Item], usage: Usage) -> None:
        self.saves.append(new)
        self.items += new
        self.usage += usage

    async def call_tool(self, ordinal: int, request: ToolRequest) -> dict[str, Any]:
        self.called.append((ordinal, request))
        return self.output


@pytest.fixture
def store() -> Store:
    return Store()

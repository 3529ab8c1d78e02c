from __future__ import annotations

from typing import Any

from agents.llm.items import assistant, user
from agents.llm.loop import AgentLoop
from agents.llm.model import Item, ModelRequest, ToolRequest, ToolSpec, Usage
from agents.offline.model import OfflineModel


async def test_respond__in_the_loop__says_what_the_tool_shows() -> None:
    async def call_tool(ordinal: int, request: ToolRequest) -> dict[str, Any]:
        assert (ordinal, request.name) == (0, "list_vouchers")
        return {"success": True, "display": "Your vouchers: none"}

    async def on_items(items: list[Item], usage: Usage) -> None:
        del items, usage

    schema = {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }
    result = await AgentLoop(
        model=OfflineModel(own_text=("my vouchers",)),
        request=ModelRequest(
            "",
            [user("hi"), assistant("hello"), user("my vouchers")],
            [ToolSpec("list_vouchers", "", schema)],
        ),
        call_tool=call_tool,
        on_items=on_items,
    ).run()

    assert (result.text, result.stopped) == ("Your vouchers: none", "done")
    assert (result.model, result.usage.total) == ("offline", 0)

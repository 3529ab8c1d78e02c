"""Newer models label messages as commentary or final answer: only the latter is sent."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from agents.llm.items import ending_of, user
from agents.llm.loop import AgentLoop
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.llm.model import Item, ModelRequest, ToolRequest, Usage
    from agents.llm.openai_client import OpenAIModel
    from tests.fakes.openai import FakeOpenAI

KINDS: dict[str, dict[str, Any]] = {
    "commentary": {"words": "I will look.", "phase": "commentary"},
    "final": {"words": "Which amount?", "phase": "final_answer"},
    "unlabelled": {"words": "Which number?"},
    "refused": {"refused": "No.", "phase": "final_answer"},
    "refused commentary": {"refused": "Hm.", "phase": "commentary"},
    "other phase": {"words": "Draft.", "phase": "sketch"},
    "unknown item": {},
}
ORDERS = [order for size in (1, 2, 3) for order in product(KINDS, repeat=size)]


def output_of(order: tuple[str, ...]) -> say.Answer:
    unknown = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    return say.output(
        *(
            say.message(**KINDS[kind]) if kind != "unknown item" else unknown
            for kind in order
        )
    )


def expected(order: tuple[str, ...]) -> str:
    if labelled := [kind for kind in order if kind in {"final", "refused"}]:
        return "\n\n".join("Which amount?" for kind in labelled if kind == "final")
    return "Which number?" if "unlabelled" in order else ""


async def test_respond__any_order_of_output_items__returns_the_final_answer(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(*map(output_of, ORDERS))

    # When
    replies = [await model.respond(request_) for _ in ORDERS]

    # Then
    texts = {order: reply.text for order, reply in zip(ORDERS, replies, strict=True)}
    assert texts == {order: expected(order) for order in ORDERS}
    refused = {o for o, reply in zip(ORDERS, replies, strict=True) if reply.refused}
    assert refused == {order for order in ORDERS if "refused" in order}
    fake_openai.assert_complete()


async def test_respond__items_sent_back__are_accepted_with_their_phase(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    orders = [order for order in ORDERS if len(order) == 2 and "refused" not in order]
    fake_openai.script(*(say for order in orders for say in (output_of(order),) * 2))

    # When
    for _ in orders:
        reply = await model.respond(request_)
        messages = [item for item in reply.items if item["type"] == "message"]
        back = [*request_.items, *messages, user("and?")]
        await model.respond(replace(request_, items=back))

    # Then
    sent = [item for one in fake_openai.requests for item in one.body["input"]]
    assert {item.get("phase") for item in sent} == {None, "commentary", "final_answer"}
    fake_openai.assert_complete()


@pytest.mark.parametrize("first", ["commentary", "unlabelled", "final"])
@pytest.mark.parametrize("last", ["commentary", ""])
async def test_loop__message_beside_a_call__is_not_the_answer(
    model: OpenAIModel,
    fake_openai: FakeOpenAI,
    request_: ModelRequest,
    first: str,
    last: str,
) -> None:
    # Given
    stored: list[Item] = []
    call = say.function_call("lookup_customer", '{"msisdn": "+250788000000"}')
    after = [say.message(**KINDS[last])] if last else []
    fake_openai.script(
        say.output(say.message(**KINDS[first]), call),
        say.output(
            say.message("Thinking.", phase="commentary"),
            say.message("Hello Aline.", phase="final_answer"),
            *after,
        ),
    )

    async def call_tool(ordinal: int, request: ToolRequest) -> dict[str, Any]:
        return {"success": True}

    async def on_items(items: list[Item], usage: Usage) -> None:
        stored.extend(items)

    # When
    loop = AgentLoop(
        model=model, request=request_, call_tool=call_tool, on_items=on_items
    )
    result = await loop.run()

    # Then
    assert (result.stopped, result.text) == ("done", "Hello Aline.")
    assert ending_of(stored) == ("done", "Hello Aline.")
    assert ending_of([entry for entry in stored if entry["type"] != "message"]) is None
    fake_openai.assert_complete()


async def test_loop__commentary_alone__is_asked_again_and_never_sent(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    alone = say.output(say.message("I am thinking.", phase="commentary"))
    fake_openai.script(alone, alone)

    async def call_tool(ordinal: int, request: ToolRequest) -> dict[str, Any]:
        raise AssertionError

    async def on_items(items: list[Item], usage: Usage) -> None:
        assert items == []

    # When
    loop = AgentLoop(
        model=model, request=request_, call_tool=call_tool, on_items=on_items
    )
    result = await loop.run()

    # Then
    assert (result.stopped, result.text) == ("empty", "")
    fake_openai.assert_complete()


def test_ending_of__stored_commentary__does_not_end_the_turn() -> None:
    # Given
    message = {"role": "assistant", "content": "I will look.", "phase": "commentary"}

    # Then
    assert ending_of([message]) is None
    answer = {"role": "assistant", "content": "Hello.", "phase": "final_answer"}
    assert ending_of([answer, message]) == ("done", "Hello.")

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agents.llm.items import assistant, developer, function_call
from agents.llm.loop import AgentLoop, Progress
from agents.llm.model import ModelRequest, ToolRequest, Usage
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.llm.openai_client import OpenAIModel
    from tests.agents.llm.conftest import Store
    from tests.fakes.openai import FakeOpenAI

from tests.agents.llm.scripted import ARGUMENTS, Scripted, says, wants


async def test_agent_loop__died_before_the_tool_ran__answers_the_call_first(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(
        say.call("lookup_customer", **ARGUMENTS), say.text("It is Aline.")
    )

    async def dies(ordinal: int, request: ToolRequest) -> dict[str, Any]:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await AgentLoop(
            model=model, request=request_, call_tool=dies, on_items=store.on_items
        ).run()
    stored = Progress(items=list(store.items), usage=store.usage, model_calls=1)

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=stored,
    ).run()

    # Then
    assert [ordinal for ordinal, _ in store.called] == [0]
    assert result.text == "It is Aline."
    assert result.model_calls == 2
    assert result.items == store.items
    fake_openai.assert_complete()


async def test_agent_loop__died_between_two_calls__answers_only_the_second(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    calls = [
        function_call(
            call_id=f"c{n}", name="lookup_customer", arguments='{"msisdn":"1"}'
        )
        for n in range(2)
    ]
    output = {"type": "function_call_output", "call_id": "c0", "output": "{}"}
    model = Scripted([says("Both.")])

    # When
    await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=Progress(items=[*calls, output]),
    ).run()

    # Then
    assert [(ordinal, call.call_id) for ordinal, call in store.called] == [(1, "c1")]


async def test_agent_loop__died_after_the_last_answer__does_not_ask_again(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    model = Scripted([])

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=Progress(items=[assistant("Hello.")], usage=Usage(5, 0, 5)),
    ).run()

    # Then
    assert (result.stopped, result.text) == ("done", "Hello.")
    assert result.usage == Usage(5, 0, 5)
    assert store.saves == []


async def test_agent_loop__told_to_answer_again__asks_once_more(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    model = Scripted([says("Which station?")])

    # When
    result = await AgentLoop(
        model=model,
        request=replace(request_, may_call_tools=False),
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=Progress(items=[assistant("It is issued."), developer("Again.")]),
    ).run()

    # Then
    assert result.text == "Which station?"
    assert model.asked[0].may_call_tools is False


async def test_agent_loop__bounds_hold_over_all_attempts(
    request_: ModelRequest, store: Store
) -> None:
    # When
    result = await AgentLoop(
        model=Scripted([]),
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=Progress(model_calls=6),
    ).run()

    # Then
    assert result.stopped == "calls"


async def test_agent_loop__memory__is_carried_from_call_to_call(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    first = replace(wants("lookup_customer", '{"msisdn":"1"}'), memory={"asked": "x"})
    model = Scripted([first, replace(says("Ok."), memory={"asked": "y"})])

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert model.asked[1].memory == {"asked": "x"}
    assert result.memory == {"asked": "y"}

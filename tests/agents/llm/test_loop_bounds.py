from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agents.llm.items import function_call
from agents.llm.loop import AgentLoop, LoopLimits, Progress
from agents.llm.model import ModelReply, ModelRequest, ToolRequest, Usage
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.llm.openai_client import OpenAIModel
    from tests.agents.llm.conftest import Store
    from tests.fakes.openai import FakeOpenAI

from tests.agents.llm.scripted import ARGUMENTS, HandClock, Scripted, says, wants


async def test_agent_loop__endless_calls__stops_with_every_call_answered(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.respond_with(lambda body: say.call("lookup_customer", **ARGUMENTS))

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert result.stopped == "calls"
    assert len(fake_openai.requests) == 6
    assert [r.body["tool_choice"] for r in fake_openai.requests] == ["auto"] * 5 + [
        "none"
    ]
    kinds = [item["type"] for item in result.items]
    assert kinds.count("function_call") == kinds.count("function_call_output") == 6
    fake_openai.assert_complete()


async def test_agent_loop__hundred_calls_in_one_answer__runs_eight_and_refuses_the_rest(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    calls = [
        function_call(
            call_id=f"c{n}", name="lookup_customer", arguments='{"msisdn":"1"}'
        )
        for n in range(100)
    ]
    asked = [ToolRequest(c["call_id"], c["name"], c["arguments"]) for c in calls]
    model = Scripted([ModelReply(items=calls, calls=asked), says("Too much.")])

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert [ordinal for ordinal, _ in store.called] == list(range(8))
    assert {run.output.get("code") for run in result.calls[8:]} == {"too_many_calls"}
    assert len(store.saves) == 11
    assert model.asked[1].may_call_tools is False


async def test_agent_loop__time_used_up_by_tools__is_not_asked_again(
    request_: ModelRequest,
) -> None:
    # Given
    clock = HandClock()
    model = Scripted([wants("lookup_customer", '{"msisdn": "1"}'), says("Late.")])

    async def slow_tool(ordinal: int, request: ToolRequest) -> dict[str, Any]:
        clock.at += 31.0
        return {"success": True}

    saved: list[Any] = []

    async def on_items(new: list[Any], usage: Usage) -> None:
        saved.extend(new)

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=slow_tool,
        on_items=on_items,
        clock=clock,
    ).run()

    # Then
    assert result.stopped == "time"
    assert saved[-1]["type"] == "function_call_output"
    assert len(model.asked) == 1


async def test_agent_loop__model_gets_what_is_left_of_the_time(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    model = Scripted([says("Hello.")])

    # When
    await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        clock=HandClock(),
        progress=Progress(seconds=22.0),
    ).run()

    # Then
    assert model.asked[0].timeout_s == 8.0


async def test_agent_loop__model_ignores_its_time__is_stopped_from_outside(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    class Stuck:
        name = "stuck"

        async def respond(self, request: ModelRequest) -> ModelReply:
            await asyncio.sleep(60)
            raise AssertionError

    # When
    result = await AgentLoop(
        model=Stuck(),
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        limits=LoopLimits(seconds=0.1),
    ).run()

    # Then
    assert result.stopped == "time"


async def test_agent_loop__token_budget_used_up__stops(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    model = Scripted([wants("lookup_customer", '{"msisdn": "1"}'), says("More.")])

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        limits=LoopLimits(tokens=110),
    ).run()

    # Then
    assert result.stopped == "tokens"
    assert len(model.asked) == 1

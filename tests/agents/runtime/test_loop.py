from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from agents.runtime.items import assistant, developer, function_call
from agents.runtime.loop import LoopLimits, Progress, run_loop
from agents.runtime.model import (
    ModelError,
    ModelReply,
    ModelRequest,
    ToolRequest,
    Usage,
)
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.runtime.openai_model import OpenAIModel
    from tests.agents.runtime.conftest import Store
    from tests.fakes.openai import FakeOpenAI

ARGUMENTS = {"msisdn": "+250788000000"}


@dataclass
class Scripted:
    """A model without a wire, for what only the loop decides."""

    replies: list[ModelReply | Exception]
    name: str = "scripted"
    asked: list[ModelRequest] = field(default_factory=list)

    async def respond(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


@dataclass
class HandClock:
    at: float = 0.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def wants(name: str, arguments: str, *, call_id: str = "call_1") -> ModelReply:
    item = function_call(call_id=call_id, name=name, arguments=arguments)
    return ModelReply(
        items=[item],
        calls=[ToolRequest(call_id, name, arguments)],
        usage=Usage(100, 0, 10),
    )


def says(text: str, tokens: int = 10) -> ModelReply:
    return ModelReply(items=[assistant(text)], text=text, usage=Usage(100, 50, tokens))


async def test_run_loop__tool_then_words__stores_each_step_before_the_next(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(say.call("lookup_customer", **ARGUMENTS), say.text("It is her."))

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert (result.stopped, result.text) == ("done", "It is her.")
    assert [[item["type"] for item in saved] for saved in store.saves] == [
        ["reasoning", "function_call"],
        ["function_call_output"],
        ["reasoning", "message"],
    ]
    assert result.items == store.items
    assert result.usage == store.usage
    assert result.model_calls == 2
    assert result.model == "gpt-5-mini-2025-08-07"
    [(ordinal, asked)] = store.called
    assert (ordinal, json.loads(asked.arguments_json)) == (0, ARGUMENTS)
    fake_openai.assert_complete()


@pytest.mark.parametrize(
    "case",
    [
        ("transfer_money", "{}", "unknown_tool"),
        ("lookup_customer", "", "invalid_arguments"),
        ("lookup_customer", '{"msisdn": "+2507', "invalid_arguments"),
        ("lookup_customer", "[]", "invalid_arguments"),
        ("lookup_customer", "{}", "invalid_arguments"),
        ("lookup_customer", '{"msisdn": 5}', "invalid_arguments"),
        ("lookup_customer", '{"msisdn": "1", "role": "staff"}', "invalid_arguments"),
        ("lookup_customer", '{"msisdn": "1", "msisdn": "2"}', "invalid_arguments"),
        ("lookup_customer", '{"msisdn": NaN}', "invalid_arguments"),
        ("lookup_customer", "[" * 3_000, "invalid_arguments"),
        ("lookup_customer", '{"msisdn": "' + "1" * 5_000 + '"}', "invalid_arguments"),
    ],
)
async def test_run_loop__call_that_does_not_fit__is_refused_to_the_model(
    model: OpenAIModel,
    fake_openai: FakeOpenAI,
    request_: ModelRequest,
    store: Store,
    case: tuple[str, str, str],
) -> None:
    # Given
    name, arguments, code = case
    fake_openai.script(
        say.calls(say.function_call(name, arguments)), say.text("What number?")
    )

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert result.text == "What number?"
    assert store.called == []
    assert result.calls[0].output["code"] == code
    fake_openai.assert_complete()


async def test_run_loop__endless_calls__stops_with_every_call_answered(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.respond_with(lambda body: say.call("lookup_customer", **ARGUMENTS))

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert result.stopped == "calls"
    assert len(fake_openai.requests) == 6
    assert [r.body["tool_choice"] for r in fake_openai.requests] == ["auto"] * 5 + [
        "none"
    ]
    kinds = [item["type"] for item in result.items]
    assert kinds.count("function_call") == kinds.count("function_call_output") == 6
    fake_openai.assert_complete()


async def test_run_loop__hundred_calls_in_one_answer__runs_eight_and_refuses_the_rest(
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
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert [ordinal for ordinal, _ in store.called] == list(range(8))
    assert {run.output.get("code") for run in result.calls[8:]} == {"too_many_calls"}
    assert len(store.saves) == 11
    assert model.asked[1].may_call_tools is False


async def test_run_loop__same_call_id_twice__answers_both(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    arguments = json.dumps(ARGUMENTS)
    twice = say.function_call("lookup_customer", arguments, call_id="call_same")
    fake_openai.script(
        say.calls(twice), say.calls(twice, twice), say.text("Done that.")
    )

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert [ordinal for ordinal, _ in store.called] == [0, 1, 2]
    assert result.text == "Done that."
    fake_openai.assert_complete()


async def test_run_loop__time_used_up_by_tools__is_not_asked_again(
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
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=slow_tool,
        on_items=on_items,
        clock=clock,
    )

    # Then
    assert result.stopped == "time"
    assert saved[-1]["type"] == "function_call_output"
    assert len(model.asked) == 1


async def test_run_loop__model_gets_what_is_left_of_the_time(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    model = Scripted([says("Hello.")])

    # When
    await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        clock=HandClock(),
        progress=Progress(seconds=22.0),
    )

    # Then
    assert model.asked[0].timeout_s == 8.0


async def test_run_loop__model_ignores_its_time__is_stopped_from_outside(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    class Stuck:
        name = "stuck"

        async def respond(self, request: ModelRequest) -> ModelReply:
            await asyncio.sleep(60)
            raise AssertionError

    # When
    result = await run_loop(
        model=Stuck(),
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        limits=LoopLimits(seconds=0.1),
    )

    # Then
    assert result.stopped == "time"


async def test_run_loop__token_budget_used_up__stops(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    model = Scripted([wants("lookup_customer", '{"msisdn": "1"}'), says("More.")])

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        limits=LoopLimits(tokens=110),
    )

    # Then
    assert result.stopped == "tokens"
    assert len(model.asked) == 1


async def test_run_loop__empty_answers__asks_once_more_and_stops(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(say.text("  "), say.empty())

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert (result.stopped, result.text, result.items) == ("empty", "", [])
    assert store.usage == result.usage
    assert store.usage.input_tokens > 0
    fake_openai.assert_complete()


async def test_run_loop__refusal__ends_without_a_text(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(say.refusal())

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert (result.stopped, result.text) == ("refusal", "")


async def test_run_loop__cut_answer_with_a_call__does_not_run_it(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    item = say.function_call("lookup_customer", json.dumps(ARGUMENTS))
    cut = replace(say.incomplete("I will"), output=(item,))
    fake_openai.script(cut)

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert result.stopped == "incomplete"
    assert store.called == []
    assert result.items == []


async def test_run_loop__model_fails_after_a_tool__keeps_what_was_stored(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(say.call("lookup_customer", **ARGUMENTS), say.unauthorized())

    # When
    with pytest.raises(ModelError, match="unauthorized"):
        await run_loop(
            model=model,
            request=request_,
            call_tool=store.call_tool,
            on_items=store.on_items,
        )

    # Then
    assert store.items[-1]["type"] == "function_call_output"


async def test_run_loop__died_before_the_tool_ran__answers_the_call_first(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(say.call("lookup_customer", **ARGUMENTS), say.text("It is her."))

    async def dies(ordinal: int, request: ToolRequest) -> dict[str, Any]:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run_loop(
            model=model, request=request_, call_tool=dies, on_items=store.on_items
        )
    stored = Progress(items=list(store.items), usage=store.usage, model_calls=1)

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=stored,
    )

    # Then
    assert [ordinal for ordinal, _ in store.called] == [0]
    assert result.text == "It is her."
    assert result.model_calls == 2
    assert result.items == store.items
    fake_openai.assert_complete()


async def test_run_loop__died_between_two_calls__answers_only_the_second(
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
    await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=Progress(items=[*calls, output]),
    )

    # Then
    assert [(ordinal, call.call_id) for ordinal, call in store.called] == [(1, "c1")]


async def test_run_loop__died_after_the_last_answer__does_not_ask_again(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    model = Scripted([])

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=Progress(items=[assistant("Hello.")], usage=Usage(5, 0, 5)),
    )

    # Then
    assert (result.stopped, result.text) == ("done", "Hello.")
    assert result.usage == Usage(5, 0, 5)
    assert store.saves == []


async def test_run_loop__told_to_answer_again__asks_once_more(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    model = Scripted([says("Which station?")])

    # When
    result = await run_loop(
        model=model,
        request=replace(request_, may_call_tools=False),
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=Progress(items=[assistant("It is issued."), developer("Again.")]),
    )

    # Then
    assert result.text == "Which station?"
    assert model.asked[0].may_call_tools is False


async def test_run_loop__bounds_hold_over_all_attempts(
    request_: ModelRequest, store: Store
) -> None:
    # When
    result = await run_loop(
        model=Scripted([]),
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
        progress=Progress(model_calls=6),
    )

    # Then
    assert result.stopped == "calls"


async def test_run_loop__memory__is_carried_from_call_to_call(
    request_: ModelRequest, store: Store
) -> None:
    # Given
    first = replace(wants("lookup_customer", '{"msisdn":"1"}'), memory={"asked": "x"})
    model = Scripted([first, replace(says("Ok."), memory={"asked": "y"})])

    # When
    result = await run_loop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    )

    # Then
    assert model.asked[1].memory == {"asked": "x"}
    assert result.memory == {"asked": "y"}

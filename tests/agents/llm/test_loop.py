from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agents.llm.loop import AgentLoop
from agents.llm.model import ModelError, ModelRequest
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.llm.openai_client import OpenAIModel
    from tests.agents.llm.conftest import Store
    from tests.fakes.openai import FakeOpenAI

from tests.agents.llm.scripted import ARGUMENTS


async def test_agent_loop__tool_then_words__stores_each_step_before_the_next(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(
        say.call("lookup_customer", **ARGUMENTS), say.text("It is Aline.")
    )

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert (result.stopped, result.text) == ("done", "It is Aline.")
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
async def test_agent_loop__call_that_does_not_fit__is_refused_to_the_model(
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
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert result.text == "What number?"
    assert store.called == []
    assert result.calls[0].output["code"] == code
    fake_openai.assert_complete()


async def test_agent_loop__same_call_id_twice__answers_both(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    arguments = json.dumps(ARGUMENTS)
    twice = say.function_call("lookup_customer", arguments, call_id="call_same")
    fake_openai.script(
        say.calls(twice), say.calls(twice, twice), say.text("Done that.")
    )

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert [ordinal for ordinal, _ in store.called] == [0, 1, 2]
    assert result.text == "Done that."
    fake_openai.assert_complete()


async def test_agent_loop__empty_answers__asks_once_more_and_stops(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(say.text("  "), say.empty())

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert (result.stopped, result.text, result.items) == ("empty", "", [])
    assert store.usage == result.usage
    assert store.usage.input_tokens > 0
    fake_openai.assert_complete()


async def test_agent_loop__refusal__ends_without_a_text(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(say.refusal())

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert (result.stopped, result.text) == ("refusal", "")


async def test_agent_loop__cut_answer_with_a_call__does_not_run_it(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    item = say.function_call("lookup_customer", json.dumps(ARGUMENTS))
    cut = replace(say.incomplete("I will"), output=(item,))
    fake_openai.script(cut)

    # When
    result = await AgentLoop(
        model=model,
        request=request_,
        call_tool=store.call_tool,
        on_items=store.on_items,
    ).run()

    # Then
    assert result.stopped == "incomplete"
    assert store.called == []
    assert result.items == []


async def test_agent_loop__model_fails_after_a_tool__keeps_what_was_stored(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest, store: Store
) -> None:
    # Given
    fake_openai.script(say.call("lookup_customer", **ARGUMENTS), say.unauthorized())

    # When
    with pytest.raises(ModelError, match="unauthorized"):
        await AgentLoop(
            model=model,
            request=request_,
            call_tool=store.call_tool,
            on_items=store.on_items,
        ).run()

    # Then
    assert store.items[-1]["type"] == "function_call_output"

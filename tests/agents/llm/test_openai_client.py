from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.llm.items import developer, user
from agents.llm.openai_client import OpenAIModel, configured, payload_for
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.llm.model import ModelRequest
    from tests.fakes.openai import FakeOpenAI


async def test_respond__words__returns_text_usage_and_what_to_send_back(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.text("Hello Aline."), say.text("And again."))

    # When
    reply = await model.respond(request_)
    again = replace(request_, items=[*request_.items, *reply.items, user("and?")])
    await model.respond(again)

    # Then
    assert reply.text == "Hello Aline."
    assert [item["type"] for item in reply.items] == ["reasoning", "message"]
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0
    assert reply.model == "gpt-5-mini-2025-08-07"
    assert not (reply.calls)
    assert not (reply.refused)
    assert not (reply.incomplete)
    fake_openai.assert_complete()


async def test_respond__any_request__asks_openai_to_keep_nothing(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.text("Hello."))

    # When
    await model.respond(request_)

    # Then
    [recorded] = fake_openai.requests
    body = recorded.body
    assert body["store"] is False
    assert body["parallel_tool_calls"] is False
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body["tools"][0]["strict"] is True
    assert "aline" not in json.dumps(body)
    assert len(body["safety_identifier"]) == 64
    assert fake_openai.stored == set()


async def test_respond__model_that_does_not_reason__leaves_those_settings_out(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.text("Hello."))

    # When
    reply = await replace(model, name="gpt-4.1-mini").respond(request_)

    # Then
    assert reply.text == "Hello."
    assert "reasoning" not in fake_openai.requests[0].body
    fake_openai.assert_complete()


async def test_respond__last_call_of_a_turn__forbids_tools(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.text("Hello."))

    # When
    await model.respond(replace(request_, may_call_tools=False))

    # Then
    assert fake_openai.requests[0].body["tool_choice"] == "none"
    assert len(fake_openai.requests[0].body["tools"]) == 1


async def test_respond__refusal__is_told_apart(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.refusal(), say.incomplete("Hel", "content_filter"))

    # When
    replies = [await model.respond(request_) for _ in range(2)]

    # Then
    assert [reply.refused for reply in replies] == [True, True]
    assert replies[0].text == ""


async def test_respond__cut_answer__is_incomplete(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.incomplete("Your vou"))

    # When
    reply = await model.respond(request_)

    # Then
    assert reply.incomplete
    assert reply.text == "Your vou"
    assert not reply.refused


async def test_respond__thirty_thousand_characters__are_kept_in_bounds(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    junk = say.function_call("lookup_customer", "x" * 30_000)
    fake_openai.script(say.text("a" * 30_000), say.calls(junk))

    # When
    words = await model.respond(request_)
    call = await model.respond(request_)

    # Then
    assert len(words.text) == 20_000
    assert len(call.calls[0].arguments_json) == 4_001


async def test_respond__nul_and_lone_surrogates__are_taken_out(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.text("a\x00b\ud800c"))

    # When
    reply = await model.respond(request_)

    # Then
    assert reply.text == "ab\ufffdc"
    json.dumps(reply.items, ensure_ascii=False).encode()


async def test_respond__many_at_once__share_one_client(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.respond_with(
        lambda body: say.text(body["input"][-1]["content"], delay=0.05)
    )

    # When
    requests = [replace(request_, items=[user(str(n))]) for n in range(50)]
    replies = await asyncio.gather(*(model.respond(entry) for entry in requests))

    # Then
    assert [reply.text for reply in replies] == [str(n) for n in range(50)]


def test_payload__same_role__has_the_same_beginning(request_: ModelRequest) -> None:
    # When
    one = payload_for("gpt-5-mini", request_)
    other = payload_for(
        "gpt-5-mini", replace(request_, items=[user("hi"), developer("be brief")])
    )

    # Then
    assert one["prompt_cache_key"] == other["prompt_cache_key"]
    assert one["instructions"] == other["instructions"]


def test_configured__no_key__is_none(settings: Any) -> None:
    settings.OPENAI_API_KEY = ""
    assert configured() is None


def test_configured__key__takes_the_settings_and_shows_no_key(
    settings: Any,
) -> None:
    # Given
    settings.OPENAI_API_KEY = "sk-canary"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    settings.OPENAI_RESPONSES_MODEL = "gpt-4.1-mini"
    settings.OPENAI_TIMEOUT_S = 7.0

    # When
    model = configured()

    # Then
    assert model is not None
    assert (model.name, model.base_url) == ("gpt-4.1-mini", "http://127.0.0.1:9/v1")
    assert model.try_seconds == 7.0
    assert "canary" not in repr(model)

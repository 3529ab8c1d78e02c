from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agents.runtime.items import developer, user
from agents.runtime.model import ModelError, ModelRequest
from agents.runtime.openai_model import OpenAIModel, close_clients, payload_for
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from tests.fakes.openai import FakeOpenAI


class QuickClock:
    """Real seconds pass while the network works; waiting is only written down."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return time.monotonic() + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def quick(model: OpenAIModel, clock: QuickClock) -> OpenAIModel:
    return replace(model, clock=clock)


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


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (say.unauthorized(), "unauthorized"),
        (say.out_of_quota(), "quota"),
        (say.error(403, code="unsupported_country_region_territory"), "forbidden"),
        (say.error(404, code="model_not_found"), "model_not_found"),
        (say.error(400, code="invalid_value"), "invalid_request"),
        (say.error(400, code="context_length_exceeded"), "too_long"),
        (say.error(500, x_should_retry="false"), "server_error"),
        (say.error(451), "invalid_request"),
        (say.failed("invalid_prompt"), "failed"),
    ],
)
async def test_respond__failure_that_stays__is_not_tried_again(
    failure: say.Answer | say.Failure,
    code: str,
    model: OpenAIModel,
    fake_openai: FakeOpenAI,
    request_: ModelRequest,
) -> None:
    # Given
    fake_openai.script(failure)

    # When
    with pytest.raises(ModelError) as caught:
        await model.respond(request_)

    # Then
    assert (caught.value.code, caught.value.permanent) == (code, True)
    assert len(fake_openai.requests) == 1
    fake_openai.assert_complete()


@pytest.mark.parametrize(
    "failure",
    [
        say.rate_limited(),
        say.server_error(500),
        say.server_error(503),
        say.error(409),
        say.error(408),
        say.failed("server_error"),
        say.failed("rate_limit_exceeded"),
        say.html(200),
        say.html(502),
        say.half_body(),
        say.drop(),
        say.body(b""),
        say.body(b"null"),
        say.body(b"[]"),
        say.body(b'{"object": "response"}'),
        say.body(b'{"status": "completed", "output": {}}'),
        say.body(b'{"status": "completed", "output": [{"type": "function_call"}]}'),
        say.body(b"[" * 100_000),
        say.body(b"\xff\xfe"),
    ],
    ids=range(19),
)
async def test_respond__failure_that_passes__is_tried_again(
    failure: say.Answer | say.Failure,
    quick: OpenAIModel,
    clock: QuickClock,
    fake_openai: FakeOpenAI,
    request_: ModelRequest,
) -> None:
    # Given
    fake_openai.script(failure, say.text("Hello."))

    # When
    reply = await quick.respond(request_)

    # Then
    assert reply.text == "Hello."
    assert len(clock.slept) == 1
    fake_openai.assert_complete()


async def test_respond__retry_after__is_honoured(
    quick: OpenAIModel,
    clock: QuickClock,
    fake_openai: FakeOpenAI,
    request_: ModelRequest,
) -> None:
    # Given
    fake_openai.script(say.rate_limited("3"), say.text("Hello."))

    # When
    await quick.respond(request_)

    # Then
    assert clock.slept == [3.0]


async def test_respond__retry_after_beyond_the_turn__gives_up_at_once(
    quick: OpenAIModel,
    clock: QuickClock,
    fake_openai: FakeOpenAI,
    request_: ModelRequest,
) -> None:
    # Given
    fake_openai.script(say.rate_limited("60"))

    # When
    with pytest.raises(ModelError) as caught:
        await quick.respond(request_)

    # Then
    assert caught.value.code == "rate_limited"
    assert caught.value.permanent is False
    assert caught.value.retry_after == 60.0
    assert clock.slept == []


async def test_respond__server_stays_broken__stops_within_its_time(
    quick: OpenAIModel,
    clock: QuickClock,
    fake_openai: FakeOpenAI,
    request_: ModelRequest,
) -> None:
    # Given
    fake_openai.respond_with(lambda body: say.server_error())

    # When
    with pytest.raises(ModelError) as caught:
        await quick.respond(request_)

    # Then
    assert caught.value.code == "server_error"
    assert sum(clock.slept) < request_.timeout_s
    assert 3 <= len(fake_openai.requests) <= 12


@pytest.mark.parametrize("failure", [say.hang(), say.slow_bytes()])
async def test_respond__no_end_of_an_answer__stops_within_its_time(
    failure: say.Failure,
    model: OpenAIModel,
    fake_openai: FakeOpenAI,
    request_: ModelRequest,
) -> None:
    # Given
    fake_openai.script(failure)
    started = time.monotonic()

    # When
    with pytest.raises(ModelError) as caught:
        await model.respond(replace(request_, timeout_s=0.4))

    # Then
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 2.0


async def test_respond__nobody_listens__is_a_passing_failure(
    request_: ModelRequest,
) -> None:
    # Given
    model = OpenAIModel(
        name="gpt-5-mini", api_key="k", base_url="http://127.0.0.1:9/v1"
    )

    # When
    with pytest.raises(ModelError) as caught:
        await model.respond(replace(request_, timeout_s=1.0))

    # Then
    assert (caught.value.code, caught.value.permanent) == ("connection", False)
    await close_clients()


async def test_respond__text_that_is_no_json__is_refused_before_it_is_sent(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # When
    with pytest.raises(ModelError) as caught:
        await model.respond(replace(request_, items=[user("\ud800")]))

    # Then
    assert caught.value.permanent
    assert fake_openai.requests == []


async def test_respond__error__repeats_no_word_of_the_provider(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.error(400, message="bad input: +250788123456"))

    # When
    with pytest.raises(ModelError) as caught:
        await model.respond(request_)

    # Then
    assert "788" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


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


async def test_respond__cancelled__stops_at_once(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.hang())
    task = asyncio.create_task(model.respond(request_))
    await asyncio.sleep(0.2)

    # When
    task.cancel()

    # Then
    with pytest.raises(asyncio.CancelledError):
        await task


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

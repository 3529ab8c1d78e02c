from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agents.core.openai_clients import close_clients
from agents.llm.items import user
from agents.llm.model import ModelError, ModelRequest
from agents.llm.openai_client import OpenAIModel
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

    # When
    with pytest.raises(ModelError) as caught:
        await model.respond(replace(request_, timeout_s=0.4))

    # Then
    assert caught.value.code == "timeout"


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


async def test_respond__cancelled__stops_at_once(
    model: OpenAIModel, fake_openai: FakeOpenAI, request_: ModelRequest
) -> None:
    # Given
    fake_openai.script(say.hang())
    task = asyncio.create_task(model.respond(request_))
    async with asyncio.timeout(90):
        while not fake_openai.requests:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.01)

    # When
    task.cancel()

    # Then
    with pytest.raises(asyncio.CancelledError):
        await task

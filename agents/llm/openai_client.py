"""The client of OpenAI's Responses API; OpenAI stores nothing of a conversation.

The retries of the SDK are off, because they would continue after the end of the turn.
The retries here end with `request.timeout_s`, also when the server answers very slowly.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

import httpx2
from django.conf import settings

from agents.core.clock import Clock, MonotonicClock
from agents.core.openai_clients import client_for
from agents.llm.model import ModelError, ModelReply, ModelRequest, ToolSpec
from agents.llm.openai_errors import translated_errors
from agents.llm.openai_reply import read_reply
from easymo.observability import tracing

CONNECT_SECONDS = 5.0
FIRST_DELAY = 0.4
LONGEST_DELAY = 4.0
# With less time left, another try cannot succeed.
LEAST_SECONDS = 1.0
# OpenAI's minimum.
LEAST_OUTPUT_TOKENS = 16


@dataclass(frozen=True)
class OpenAIModel:
    name: str
    api_key: str = field(repr=False)
    base_url: str = "https://api.openai.com/v1"
    # The limit of one HTTP exchange; `ModelRequest.timeout_s` limits all tries.
    try_seconds: float = 20.0
    clock: Clock = field(default_factory=MonotonicClock)

    async def respond(self, request: ModelRequest) -> ModelReply:
        with tracing.chat(self.name, provider="openai") as span:
            reply = await self._respond(request)
            tracing.used(
                span,
                model=reply.model or self.name,
                input_tokens=reply.usage.input_tokens,
                output_tokens=reply.usage.output_tokens,
            )
        return reply

    async def _respond(self, request: ModelRequest) -> ModelReply:
        deadline = self.clock.now() + request.timeout_s
        payload = payload_for(self.name, request)
        tries = 0
        while True:
            left = deadline - self.clock.now()
            try:
                return await self._try_once(payload, min(left, self.try_seconds))
            except ModelError as error:
                delay = _delay(tries, error)
                left = deadline - self.clock.now()
                if error.permanent or left < delay + LEAST_SECONDS:
                    raise
            tries += 1
            await self.clock.sleep(delay)

    async def _try_once(self, payload: dict[str, Any], seconds: float) -> ModelReply:
        client = client_for(self.base_url, self.api_key)
        timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        with translated_errors():
            # The timeouts of the client are per read: slow bytes never exceed them.
            async with asyncio.timeout(seconds):
                # `responses.create` would search every item and tool for values to
                # convert; the payload is JSON already.
                raw = await client.post(
                    "/responses",
                    cast_to=httpx2.Response,
                    body=payload,
                    options={"timeout": timeout},
                )
                return read_reply(raw.content)


def load() -> None:
    """Import OpenAI's library and the prices when a worker starts.

    The imports are slow: commands and web processes avoid them, and no turn should wait
    for them.
    """
    if settings.OPENAI_API_KEY:
        import genai_prices  # noqa: F401, PLC0415
        import openai  # noqa: F401, PLC0415


def configured() -> OpenAIModel | None:
    """Return the model of the settings, or None without a key."""
    if not settings.OPENAI_API_KEY:
        return None
    return OpenAIModel(
        name=settings.OPENAI_RESPONSES_MODEL,
        api_key=settings.OPENAI_API_KEY,
        base_url=settings.OPENAI_BASE_URL,
        try_seconds=settings.OPENAI_TIMEOUT_S,
    )


def payload_for(model: str, request: ModelRequest) -> dict[str, Any]:
    """Return the body of the request; the constant parts come first for caching."""
    payload: dict[str, Any] = {
        "model": model,
        "instructions": request.instructions,
        "input": list(request.items),
        "store": False,
        "max_output_tokens": max(request.max_output_tokens, LEAST_OUTPUT_TOKENS),
        "prompt_cache_key": _digest("prompt", request.instructions)[:32],
    }
    if request.tools:
        payload |= {
            "tools": [_tool(spec) for spec in request.tools],
            "tool_choice": "auto" if request.may_call_tools else "none",
            "parallel_tool_calls": False,
        }
    if request.subject_hash:
        payload["safety_identifier"] = _digest("subject", request.subject_hash)
    if is_reasoning(model):
        payload |= {
            # Every reasoning model accepts "low", but not "minimal" or "none".
            "reasoning": {"effort": "low"},
            # OpenAI stores nothing, so the reasoning is sent back with the items.
            "include": ["reasoning.encrypted_content"],
        }
    return payload


def is_reasoning(model: str) -> bool:
    """Tell whether the model reasons; other models refuse the reasoning settings."""
    base = model.removeprefix("ft:").lower()
    if base.startswith("gpt-5"):
        return "-chat" not in base
    return base.startswith(("o1", "o3", "o4"))


def _tool(spec: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "parameters": dict(spec.parameters),
        "strict": True,
    }


def _digest(purpose: str, text: str) -> str:
    return hashlib.sha256(
        f"easymo:{purpose}:{text}".encode(errors="replace")
    ).hexdigest()


def _delay(tries: int, error: ModelError) -> float:
    if error.retry_after is not None:
        return error.retry_after
    # Jitter, so that many turns do not retry at the same moment.
    spread = random.uniform(0.75, 1.0)  # noqa: S311
    return min(FIRST_DELAY * 2.0 ** min(tries, 10), LONGEST_DELAY) * spread

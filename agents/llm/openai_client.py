"""OpenAI's Responses API as a Model; nothing of a conversation is stored there.

The SDK's own retries are off: it would sleep past the end of the turn. Ours end with
`request.timeout_s`, whichever way the server fails, a byte every second included.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpx2
from django.conf import settings

from agents.core.clock import Clock, MonotonicClock
from agents.llm.model import ModelError, ModelReply, ModelRequest, ToolSpec
from agents.llm.openai_errors import classify
from agents.llm.openai_reply import read_reply
from easymo.observability import tracing

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_SECONDS = 5.0
# By default a connection is closed after five idle seconds: people pause longer. Before
# each exchange, and after it, every idle one is looked at: few are kept.
LIMITS = httpx2.Limits(
    max_connections=400, max_keepalive_connections=16, keepalive_expiry=60.0
)
FIRST_DELAY = 0.4
LONGEST_DELAY = 4.0
# Below this a further try could not bring an answer.
LEAST_SECONDS = 1.0
# OpenAI refuses less.
LEAST_OUTPUT_TOKENS = 16
# Connections belong to the event loop that opened them: one warm client for each.
_clients: WeakKeyDictionary[
    asyncio.AbstractEventLoop, dict[tuple[str, str], AsyncOpenAI]
] = WeakKeyDictionary()


@dataclass(frozen=True)
class OpenAIModel:
    name: str
    api_key: str = field(repr=False)
    base_url: str = "https://api.openai.com/v1"
    # One HTTP exchange; the request's own time is the bound over all tries.
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
        import openai  # noqa: PLC0415 - see load

        client = self._client()
        timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        try:
            # The client's time-outs are per read: slow bytes would never meet them.
            async with asyncio.timeout(seconds):
                # The client's own method would look into every item and tool for
                # values to turn into JSON; ours is JSON.
                raw = await client.post(
                    "/responses",
                    cast_to=httpx2.Response,
                    body=payload,
                    options={"timeout": timeout},
                )
                return read_reply(raw.content)
        except openai.OpenAIError as error:
            raise classify(error) from None
        except TimeoutError:
            raise ModelError("timeout") from None
        except (httpx2.HTTPError, httpx2.StreamError):
            raise ModelError("connection") from None
        except (httpx2.InvalidURL, ValueError, TypeError):
            # A key that is no header, a text that is no JSON, a URL that is none.
            raise ModelError("invalid_request", permanent=True) from None

    def _client(self) -> AsyncOpenAI:
        return client_for(self.base_url, self.api_key)


def client_for(base_url: str, api_key: str) -> AsyncOpenAI:
    """Return this event loop's warm client."""
    import openai  # noqa: PLC0415 - see load

    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    key = (base_url, api_key)
    if key not in clients:
        clients[key] = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                base_url=base_url, limits=LIMITS
            ),
        )
    return clients[key]


def load() -> None:
    """Import OpenAI's library and prices now, in a worker that will speak to it.

    They take as long as half of the rest of a start: a command or a web process does
    without them, and no person's turn waits for them.
    """
    if settings.OPENAI_API_KEY:
        import genai_prices  # noqa: F401, PLC0415
        import openai  # noqa: F401, PLC0415


def configured() -> OpenAIModel | None:
    """Return the model that the settings name; None without a key: offline then."""
    if not settings.OPENAI_API_KEY:
        return None
    return OpenAIModel(
        name=settings.OPENAI_RESPONSES_MODEL,
        api_key=settings.OPENAI_API_KEY,
        base_url=settings.OPENAI_BASE_URL,
        try_seconds=settings.OPENAI_TIMEOUT_S,
    )


async def close_clients() -> None:
    """Close what this event loop opened; for the end of a worker or of a test."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()


def payload_for(model: str, request: ModelRequest) -> dict[str, Any]:
    """Return the request's body; what stays equal between turns comes first."""
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
            # Every reasoning model takes "low"; "minimal" and "none" only some.
            "reasoning": {"effort": "low"},
            # Nothing is stored there, so its thoughts must travel with the items.
            "include": ["reasoning.encrypted_content"],
        }
    return payload


def is_reasoning(model: str) -> bool:
    """Tell whether OpenAI's model of this name reasons; others refuse its settings."""
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
    # Spread out, so that many turns do not come back in the same moment.
    spread = random.uniform(0.75, 1.0)  # noqa: S311
    return min(FIRST_DELAY * 2.0 ** min(tries, 10), LONGEST_DELAY) * spread

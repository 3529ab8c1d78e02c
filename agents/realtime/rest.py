"""OpenAI's REST requests of a call, over one warm client for each event loop."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

import httpx2

from agents.core.clock import Clock, MonotonicClock
from agents.core.openai_clients import client_for
from agents.realtime.incoming import CALL_ID
from agents.realtime.provider import CallGone, PayloadError, ProviderError

TRY_SECONDS = 3.0
CONNECT_SECONDS = 1.5
# A caller hears it ring meanwhile, and a trunk gives up after some seconds.
TRIES = 2
HANG_UP_TRIES = 4
FIRST_DELAY = 0.25
LONGEST_DELAY = 4.0
QUOTA = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
)
TARGET = re.compile(r"(tel:\+?[0-9]{3,15}|sips?:[^\s<>\"]{1,200})", re.IGNORECASE)


@dataclass(frozen=True)
class CallsClient:
    api_key: str = field(repr=False)
    base_url: str = "https://api.openai.com/v1"
    clock: Clock = field(default_factory=MonotonicClock)

    async def warm(self) -> None:
        """Open a connection, so that the first accept does not wait for one."""
        try:
            await self._exchange("GET", "/models", None)
        except ProviderError:
            return

    async def accept(self, call_id: str, payload: dict[str, Any]) -> None:
        await self._post(call_id, "accept", payload)

    async def reject(self, call_id: str, status: int) -> None:
        await self._post(call_id, "reject", {"status_code": status})

    async def refer(self, call_id: str, target: str) -> None:
        if not TARGET.fullmatch(target):
            raise PayloadError("the target is no tel: or sip: address")
        # Once: a second REFER for one call would ring the colleague twice.
        await self._post(call_id, "refer", {"target_uri": target}, tries=1)

    async def hang_up(self, call_id: str) -> None:
        """End the call; one that is over already is a success."""
        try:
            await self._post(call_id, "hangup", None, tries=HANG_UP_TRIES)
        except CallGone:
            return

    async def _post(
        self, call_id: str, verb: str, body: Any, *, tries: int = TRIES
    ) -> None:
        if not CALL_ID.fullmatch(call_id):
            raise PayloadError("the call's id is invalid")
        path = f"/realtime/calls/{call_id}/{verb}"
        delay = FIRST_DELAY
        for left in reversed(range(tries)):
            try:
                return await self._exchange("POST", path, body)
            except ProviderError as error:
                if error.permanent or not left:
                    raise
                wait = delay if error.retry_after is None else error.retry_after
                await self.clock.sleep(min(wait, LONGEST_DELAY))
                delay *= 2
        return None

    async def _exchange(self, method: str, path: str, body: Any) -> None:
        import openai  # noqa: PLC0415 - slow to import

        client = client_for(self.base_url, self.api_key)
        options: Any = {"timeout": httpx2.Timeout(TRY_SECONDS, connect=CONNECT_SECONDS)}
        try:
            async with asyncio.timeout(TRY_SECONDS):
                if method == "GET":
                    await client.get(path, cast_to=httpx2.Response, options=options)
                else:
                    await client.post(
                        path, cast_to=httpx2.Response, body=body, options=options
                    )
        except openai.APIStatusError as error:
            raise _status_error(error) from None
        except (openai.APITimeoutError, TimeoutError):
            raise ProviderError("timeout") from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError):
            raise ProviderError("connection") from None


def _status_error(error: Any) -> ProviderError:
    """Return what an answer means: gone, an account's limit, or worth another try."""
    status, code = error.status_code, error.code or ""
    if status == 404:
        return CallGone()
    if code in QUOTA:
        return ProviderError("quota", status=status, permanent=True)
    if status == 429:
        return ProviderError(
            "rate_limited", status=status, retry_after=_seconds(error.response)
        )
    if status >= 500 or status in {408, 409}:
        return ProviderError(
            "server_error", status=status, retry_after=_seconds(error.response)
        )
    return ProviderError(code or f"http_{status}", status=status, permanent=True)


def _seconds(response: httpx2.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None

"""Send one GET request to a provider, bounded in time and size."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

# Limit for the whole exchange, also when a server answers a byte at a time.
LONGEST_S = 8.0
CONNECT_S = 3.0
LARGEST = 4_000_000


class NoAnswer(Exception):
    """No readable answer; the text says what happened."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    # The parsed body when it is JSON; else None.
    body: Any

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def find(self, *path: str) -> Any:
        """Return the value under these keys, or None."""
        found = self.body
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found


def ask(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
) -> Answer:
    """GET without redirects; raise ``NoAnswer`` with a reason that names no secret."""
    try:
        return asyncio.run(_ask(url, dict(headers or {}), dict(params or {})))
    except TimeoutError:
        raise NoAnswer(f"did not answer within {LONGEST_S:g} seconds") from None
    except httpx2.ConnectError:
        raise NoAnswer("cannot be connected to") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
        raise NoAnswer(f"broke off ({type(error).__name__})") from None


@cache
def _trusted() -> ssl.SSLContext:
    """Load the trusted certificates once: loading takes longer than most requests."""
    return httpx2.create_ssl_context()


async def _ask(url: str, headers: dict[str, str], params: dict[str, str]) -> Answer:
    timeout = httpx2.Timeout(LONGEST_S, connect=CONNECT_S)
    async with (
        asyncio.timeout(LONGEST_S),
        httpx2.AsyncClient(timeout=timeout, verify=_trusted()) as client,
        client.stream("GET", url, headers=headers, params=params or None) as response,
    ):
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > LARGEST:
                raise NoAnswer("answered far more than was asked for")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    return Answer(response.status_code, body)

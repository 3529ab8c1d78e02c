"""One client of OpenAI for each event loop, with its open connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import httpx2

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# The default closes idle connections after five seconds, but people write less often.
# Every exchange checks each idle connection, so only a few are kept.
LIMITS = httpx2.Limits(
    max_connections=1_000, max_keepalive_connections=16, keepalive_expiry=60.0
)
# A connection belongs to the event loop that opened it: one client for each loop.
_clients: WeakKeyDictionary[
    asyncio.AbstractEventLoop, dict[tuple[str, str], AsyncOpenAI]
] = WeakKeyDictionary()


def client_for(base_url: str, api_key: str) -> AsyncOpenAI:
    """Return the client of this event loop, with its open connections."""
    import openai  # noqa: PLC0415 - slow to import

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


async def close_clients() -> None:
    """Close the clients of this event loop, at the end of a worker or of a test."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()

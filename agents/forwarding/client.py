"""Hand a body on to the previous workflow, signed as Meta would have signed it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import httpx2
from django.conf import settings

from agents.whatsapp.signature import sign

if TYPE_CHECKING:
    from collections.abc import Mapping

# A workflow may answer only when it has finished.
TIMEOUT = httpx2.Timeout(25.0, connect=5.0, pool=5.0)
# Shorter than the lease of a lane (services/forwarding).
LONGEST_EXCHANGE_S = 30.0
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=50)
MOST_ANSWER = 64_000
NOTHING = b'{"object": "whatsapp_business_account", "entry": []}'
# Somebody waits for it at a page.
PROBE_TIMEOUT = httpx2.Timeout(5.0)
UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = (
    WeakKeyDictionary()
)


def secret() -> str:
    """Return the key that signs for the other side; the app's last one by default."""
    if settings.LEGACY_WEBHOOK_SECRET:
        return str(settings.LEGACY_WEBHOOK_SECRET)
    return str(settings.WA_APP_SECRETS[-1]) if settings.WA_APP_SECRETS else ""


async def post(body: bytes) -> str:
    """Send the body; return "" once the other side has it, else what went wrong.

    Only 2xx is a yes: a redirect would take what people wrote to somewhere else.
    """
    try:
        async with asyncio.timeout(LONGEST_EXCHANGE_S):
            status = await _exchange(body)
    except (*FAILURES, TimeoutError) as error:
        return _meaning(error)
    return _verdict(status)


def ask() -> str:
    """Send a batch that holds nothing, and wait for what the other side says to it.

    It proves the address and the key, and leaves nothing to do.
    """
    try:
        with httpx2.Client(timeout=PROBE_TIMEOUT) as client:
            response = client.post(
                settings.LEGACY_WEBHOOK_URL, content=NOTHING, headers=_headers(NOTHING)
            )
    except FAILURES as error:
        return _meaning(error)
    return _verdict(response.status_code)


def _meaning(error: Exception) -> str:
    if isinstance(error, UNREACHED):
        return "no_connection"
    if isinstance(error, (httpx2.TimeoutException, TimeoutError)):
        return "no_answer"
    return "answer_lost"


def _verdict(status: int) -> str:
    return "" if 200 <= status < 300 else f"http_{status}"


async def _exchange(body: bytes) -> int:
    async with _client().stream(
        "POST", settings.LEGACY_WEBHOOK_URL, content=body, headers=_headers(body)
    ) as response:
        read = 0
        # Read to its end, so that the connection can be used again.
        async for part in response.aiter_raw():
            read += len(part)
            if read > MOST_ANSWER:
                break
        return int(response.status_code)


def _headers(body: bytes) -> Mapping[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "easymo",
        "X-Hub-Signature-256": sign(body, secret()),
    }


def _client() -> httpx2.AsyncClient:
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = httpx2.AsyncClient(timeout=TIMEOUT, limits=LIMITS)
        _clients[loop] = client
    return client

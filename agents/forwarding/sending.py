"""Send queued items to the previous workflow, many senders at a time.

No database connection is held during a request, and a slow sender takes one of many
places.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import httpx2
from django.conf import settings

from agents.forwarding import lanes
from agents.forwarding.lanes import ForwardRequest, ForwardResult
from agents.forwarding.queue import is_set_up
from agents.whatsapp.signature import sign
from easymo.database import units

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_REQUESTS = 32
# A shorter pause is waited out here; after a longer one the sweep enqueues the job.
PATIENCE_S = 8.0
POLL_S = 0.5
# A workflow may answer only when it has finished.
TIMEOUT = httpx2.Timeout(25.0, connect=5.0, pool=5.0)
# Shorter than the lease of a lane.
LONGEST_EXCHANGE_S = 30.0
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=50)
LARGEST_ANSWER = 64_000
EMPTY_BATCH = b'{"object": "whatsapp_business_account", "entry": []}'
# A user waits for the probe on a page.
PROBE_TIMEOUT = httpx2.Timeout(5.0)
UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)

# One forwarder per event loop: a second call tells the first to look again.
_running: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Event] = (
    WeakKeyDictionary()
)
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = (
    WeakKeyDictionary()
)


async def run_forwarding(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send until nothing is due for a while; return the number of requests."""
    if not is_set_up():
        return 0
    loop = asyncio.get_running_loop()
    if loop in _running:
        _running[loop].set()
        return 0
    _running[loop] = asyncio.Event()
    try:
        return await Forwarder(_running[loop], should_stop).run()
    finally:
        del _running[loop]


class Forwarder:
    """The running requests of this process."""

    def __init__(self, look_again: asyncio.Event, stop: Callable[[], bool]) -> None:
        self.look_again = look_again
        self.should_stop = stop
        self.requests: dict[asyncio.Task[str], ForwardRequest] = {}

    async def run(self) -> int:
        sent = 0
        results: list[ForwardResult] = []
        try:
            while True:
                self.look_again.clear()
                room = 0 if self.should_stop() else MOST_REQUESTS - len(self.requests)
                requests, due_in = await units.run(_step, results, room)
                sent += len(results)
                results = []
                for request in requests:
                    task = asyncio.create_task(post(request.body))
                    self.requests[task] = request
                if self.requests:
                    results = await self._some_results()
                elif not await self._wait(due_in):
                    return sent
        finally:
            await self._cancel()

    async def _some_results(self) -> list[ForwardResult]:
        done, _ = await asyncio.wait(
            self.requests, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED
        )
        return [ForwardResult(self.requests.pop(task), task.result()) for task in done]

    async def _wait(self, seconds: float | None) -> bool:
        """Wait for the next due item; return False when another job will send it."""
        if self.should_stop():
            return False
        if seconds is None or seconds > PATIENCE_S:
            return self.look_again.is_set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.look_again.wait(), max(seconds, 0.02))
        return True

    async def _cancel(self) -> None:
        """Cancel the running requests and release their lanes to other workers."""
        requests = list(self.requests.values())
        for task in self.requests:
            task.cancel()
        await asyncio.gather(*self.requests, return_exceptions=True)
        self.requests.clear()
        if requests:
            await asyncio.shield(units.run(lanes.release_lanes, requests))


def _step(
    results: list[ForwardResult], room: int
) -> tuple[list[ForwardRequest], float | None]:
    lanes.record_results(results)
    requests = lanes.claim_lanes(room) if room > 0 else []
    return requests, None if requests else lanes.seconds_until_due()


def signing_secret() -> str:
    """Return the key that signs forwarded bodies; by default the last app secret."""
    if settings.LEGACY_WEBHOOK_SECRET:
        return str(settings.LEGACY_WEBHOOK_SECRET)
    return str(settings.WA_APP_SECRETS[-1]) if settings.WA_APP_SECRETS else ""


async def post(body: bytes) -> str:
    """Send a body; return "" when it was accepted, else an error code.

    Only 2xx is success: following a redirect would send messages to another host.
    """
    try:
        async with (
            asyncio.timeout(LONGEST_EXCHANGE_S),
            _client().stream(
                "POST",
                settings.LEGACY_WEBHOOK_URL,
                content=body,
                headers=_headers(body),
            ) as response,
        ):
            read = 0
            # Read to the end, so that the connection can be used again.
            async for part in response.aiter_raw():
                read += len(part)
                if read > LARGEST_ANSWER:
                    break
            return _error_of_status(response.status_code)
    except (*FAILURES, TimeoutError) as error:
        return _error_of_exception(error)


def probe() -> str:
    """Send an empty batch, which proves address and key; return as `post` does."""
    try:
        with httpx2.Client(timeout=PROBE_TIMEOUT) as client:
            response = client.post(
                settings.LEGACY_WEBHOOK_URL,
                content=EMPTY_BATCH,
                headers=_headers(EMPTY_BATCH),
            )
    except FAILURES as error:
        return _error_of_exception(error)
    return _error_of_status(response.status_code)


def _error_of_exception(error: Exception) -> str:
    if isinstance(error, UNREACHED):
        return "no_connection"
    if isinstance(error, (httpx2.TimeoutException, TimeoutError)):
        return "no_answer"
    return "answer_lost"


def _error_of_status(status: int) -> str:
    return "" if 200 <= status < 300 else f"http_{status}"


def _headers(body: bytes) -> Mapping[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "easymo",
        "X-Hub-Signature-256": sign(body, signing_secret()),
    }


def _client() -> httpx2.AsyncClient:
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = httpx2.AsyncClient(timeout=TIMEOUT, limits=LIMITS)
    return _clients[loop]

"""Hand a body on to the previous workflow, signed as Meta would have signed it."""

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


def signing_secret() -> str:
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
        return _error_of_exception(error)
    return _error_of_status(status)


def probe() -> str:
    """Send a batch that holds nothing, and wait for what the other side says to it.

    It proves the address and the key, and leaves nothing to do.
    """
    try:
        with httpx2.Client(timeout=PROBE_TIMEOUT) as client:
            response = client.post(
                settings.LEGACY_WEBHOOK_URL, content=NOTHING, headers=_headers(NOTHING)
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
        "X-Hub-Signature-256": sign(body, signing_secret()),
    }


def _client() -> httpx2.AsyncClient:
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = httpx2.AsyncClient(timeout=TIMEOUT, limits=LIMITS)
        _clients[loop] = client
    return client


MOST_REQUESTS = 32
# A short pause is waited out; the sweep wakes after a long one.
PATIENCE_S = 8.0
POLL_S = 0.5

# One forwarder in a process is enough: who comes second tells the first to look again.
_running: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Event] = (
    WeakKeyDictionary()
)


async def run_forwarding(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send on what waits, until nothing is due for a while; return how many requests."""
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
    """The requests of this process that are on their way."""

    def __init__(self, poked: asyncio.Event, should_stop: Callable[[], bool]) -> None:
        self.poked = poked
        self.should_stop = should_stop
        self.on_way: dict[asyncio.Task[str], ForwardRequest] = {}

    async def run(self) -> int:
        sent = 0
        outcomes: list[ForwardResult] = []
        try:
            while True:
                self.poked.clear()
                due = await units.run(_step, outcomes, self._room())
                sent += len(outcomes)
                outcomes = []
                for load in due[0]:
                    self.on_way[asyncio.create_task(post(load.body))] = load
                if self.on_way:
                    outcomes = await self._some_answers()
                elif not await self._wait(due[1]):
                    return sent
        finally:
            await self._drop()

    def _room(self) -> int:
        return 0 if self.should_stop() else MOST_REQUESTS - len(self.on_way)

    async def _some_answers(self) -> list[ForwardResult]:
        done, _ = await asyncio.wait(
            self.on_way, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED
        )
        return [ForwardResult(self.on_way.pop(task), task.result()) for task in done]

    async def _wait(self, seconds: float | None) -> bool:
        """Wait for what is due next; False when somebody else will wake us."""
        if self.should_stop():
            return False
        if seconds is None or seconds > PATIENCE_S:
            return self.poked.is_set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.poked.wait(), max(seconds, 0.02))
        return True

    async def _drop(self) -> None:
        """Stop what is on its way; it is sent again, by whoever comes next."""
        loads = list(self.on_way.values())
        for task in self.on_way:
            task.cancel()
        await asyncio.gather(*self.on_way, return_exceptions=True)
        self.on_way.clear()
        if loads:
            await asyncio.shield(units.run(lanes.release_lanes, loads))


def _step(
    outcomes: list[ForwardResult], room: int
) -> tuple[list[ForwardRequest], float | None]:
    lanes.record_results(outcomes)
    loads = lanes.claim_lanes(room) if room > 0 else []
    return loads, None if loads else lanes.seconds_until_due()

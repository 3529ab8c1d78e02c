"""The local Realtime server in a thread of its own, for tests of other processes.

    with FakeRealtime() as realtime:      # base_url, api_key, webhook_secret
        call = realtime.ring("+250788000001")
        headers, body = realtime.webhook(call)
        realtime.do(call.say, "hello")    # runs in the server's loop
        realtime.wait_for(lambda: call.heard)

Tests of one process rather enter `RealtimeServer` in the loop of `tests.virtual_time`,
where playing a greeting takes no time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from agents.simulator.realtime_server.server import RealtimeServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.simulator.realtime_server.call import Responder, ServedCall


class FakeRealtime:
    def __init__(self, *, responder: Responder | None = None) -> None:
        # A greeting of half a second, because these tests wait in real time.
        self.server = RealtimeServer(responder=responder, seconds_a_word=0.02)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30), "the local Realtime server did not start"
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self._loop.close()

    @property
    def base_url(self) -> str:
        return self.server.base_url

    @property
    def api_key(self) -> str:
        return self.server.api_key

    @property
    def webhook_secret(self) -> str:
        return self.server.webhook_secret

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        return self.server.requests

    def ring(self, caller: str = "+250788000001", **more: Any) -> ServedCall:
        return self.do(self.server.ring, caller, **more)

    def webhook(self, call: ServedCall, **more: Any) -> tuple[dict[str, str], bytes]:
        return self.server.webhook(call, **more)

    def fail_next(self, verb: str, status: int, **more: Any) -> None:
        self.do(self.server.fail_next, verb, status, **more)

    def do[T](self, act: Callable[..., T], *args: Any, **more: Any) -> T:
        """Run it in the server's loop and return its result."""

        async def acted() -> T:
            return act(*args, **more)

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(30)

    def wait_for(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not self.do(condition):
            assert time.monotonic() < deadline, "it never came to hold"
            time.sleep(0.01)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        async with self.server:
            self._ready.set()
            await self._stop.wait()

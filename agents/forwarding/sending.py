"""From the queue to the other side, many senders at a time.

No connection of the database is held while anything is on its way, and a slow sender
takes up one place of many.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from agents.forwarding import client, lanes
from agents.forwarding.lanes import Load, Outcome
from agents.forwarding.queue import is_set_up
from easymo.database import units

if TYPE_CHECKING:
    from collections.abc import Callable

PLACES = 32
# A short pause is waited out; the sweep wakes after a long one.
PATIENCE_S = 8.0
POLL_S = 0.5

# One forwarder in a process is enough: who comes second tells the first to look again.
_running: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Event] = (
    WeakKeyDictionary()
)


async def run(should_stop: Callable[[], bool] = lambda: False) -> int:
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
        self.on_way: dict[asyncio.Task[str], Load] = {}

    async def run(self) -> int:
        sent = 0
        outcomes: list[Outcome] = []
        try:
            while True:
                self.poked.clear()
                due = await units.run(_step, outcomes, self._room())
                sent += len(outcomes)
                outcomes = []
                for load in due[0]:
                    self.on_way[asyncio.create_task(client.post(load.body))] = load
                if self.on_way:
                    outcomes = await self._some_answers()
                elif not await self._wait(due[1]):
                    return sent
        finally:
            await self._drop()

    def _room(self) -> int:
        return 0 if self.should_stop() else PLACES - len(self.on_way)

    async def _some_answers(self) -> list[Outcome]:
        done, _ = await asyncio.wait(
            self.on_way, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED
        )
        return [Outcome(self.on_way.pop(task), task.result()) for task in done]

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
            await asyncio.shield(units.run(lanes.give_back, loads))


def _step(outcomes: list[Outcome], room: int) -> tuple[list[Load], float | None]:
    lanes.settle(outcomes)
    loads = lanes.claim(room) if room > 0 else []
    return loads, None if loads else lanes.next_due()

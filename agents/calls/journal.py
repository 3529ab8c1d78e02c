"""Writes of a call beside its loop, one after the other and in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agents.core.errors import LeaseLost
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = get_logger(__name__)

MAX_WAITING = 2_000


class Journal:
    """A write that fails is logged; the call goes on without its entry."""

    def __init__(self, call_pk: int) -> None:
        self._call_pk = call_pk
        self._queue: asyncio.Queue[
            tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]] | None
        ] = asyncio.Queue(MAX_WAITING)
        self._task = asyncio.create_task(self._write(), name="call journal")

    def add[T](self, write: Callable[[], Awaitable[T]]) -> asyncio.Future[T]:
        """Queue a write; its result is there for those who wait for it."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((write, done))
        except asyncio.QueueFull:
            logger.warning("ai.call.journal.full", call=self._call_pk)
            done.cancel()
        return done

    async def close(self, patience: float) -> None:
        """Write what waits, for `patience` seconds at most, and stop."""
        try:
            async with asyncio.timeout(patience):
                await self._queue.put(None)
                await self._task
        except TimeoutError:
            logger.warning("ai.call.journal.lost", call=self._call_pk)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Stop at once: another worker writes this call's rows."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        while not self._queue.empty():
            if entry := self._queue.get_nowait():
                entry[1].cancel()

    async def _write(self) -> None:
        while (entry := await self._queue.get()) is not None:
            write, done = entry
            try:
                result = await write()
            except LeaseLost as lost:
                _fail(done, lost)
            except Exception as error:  # noqa: BLE001 - the next entry is written
                logger.warning(
                    "ai.call.journal.error",
                    call=self._call_pk,
                    error=type(error).__name__,
                )
                _fail(done, error)
            else:
                if not done.done():
                    done.set_result(result)


def _fail(done: asyncio.Future[Any], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
        # It need not be looked at.
        done.exception()

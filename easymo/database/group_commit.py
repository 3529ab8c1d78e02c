"""Write items that arrive together in one transaction.

A single item is written at once. Items that arrive during a write wait for its end;
then all of them are written in one round trip and one commit. Each caller gets its
result only after the write that contains its own item.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class WaitedTooLong(Exception):
    """The current write took so long that this item was not started, or not finished."""


class GroupCommit[Item, Result]:
    """One write at a time, shared by all items that wait by then.

    It belongs to one event loop; ``write`` runs in a thread of its own. ``write`` takes
    items in order of arrival and returns as many results. When it fails for several,
    each is written alone, so that one bad item does not affect the others. An error
    listed in ``common`` would meet every item alike and is raised for all.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        weigh: Callable[[Item], int],
        most: int,
        heaviest: int,
        common: tuple[type[Exception], ...],
        patience_s: float,
    ) -> None:
        self._write = write
        self._weigh = weigh
        self._most = most
        self._heaviest = heaviest
        self._common = common
        self._patience_s = patience_s
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._is_writing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")

    async def put(self, item: Item) -> Result:
        """Return the item's result once it is written; raise what its write raised."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if not self._is_writing:
            self._write_next()
        try:
            async with asyncio.timeout(self._patience_s):
                return await result
        except TimeoutError as error:
            raise WaitedTooLong from error

    def _write_next(self) -> None:
        """Begin to write the next group, if any item waits."""
        group = self._next_group()
        self._is_writing = bool(group)
        if group:
            items = [item for item, _ in group]
            asyncio.get_running_loop().run_in_executor(
                self._thread, self._outcomes, items
            ).add_done_callback(lambda outcomes: self._end(group, outcomes.result()))

    def _next_group(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        group: list[tuple[Item, asyncio.Future[Result]]] = []
        weight = 0
        while self._waiting and len(group) < self._most:
            item, result = self._waiting[0]
            # A caller that gave up has cancelled its result.
            if not result.done():
                weight += self._weigh(item)
                if group and weight > self._heaviest:
                    break
                group.append((item, result))
            self._waiting.popleft()
        return group

    def _outcomes(self, items: Sequence[Item]) -> list[tuple[Result] | Exception]:
        """Return each item's result, or the error to raise where it came from."""
        try:
            return [(result,) for result in self._write(items)]
        except Exception as error:  # noqa: BLE001 - it is raised by `put`
            if len(items) == 1 or isinstance(error, self._common):
                return [error] * len(items)
        return [outcome for item in items for outcome in self._outcomes([item])]

    def _end(
        self,
        group: list[tuple[Item, asyncio.Future[Result]]],
        outcomes: list[tuple[Result] | Exception],
    ) -> None:
        # First the next write, so that the database works while answers are sent.
        self._write_next()
        for (_, result), outcome in zip(group, outcomes, strict=True):
            if result.done():
                continue
            if isinstance(outcome, Exception):
                result.set_exception(outcome)
            else:
                result.set_result(outcome[0])

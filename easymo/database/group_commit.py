"""Write items that arrive together in one transaction.

A single caller writes at once. Callers that arrive during a write wait for its end;
then one of them writes all waiting items in one round trip and one commit. Each caller
returns only after the write that contains its own item.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class WaitedTooLong(Exception):
    """The current write took so long that this item was not started, or not finished."""


class GroupCommit[Item, Result]:
    """One write at a time per process, shared by all callers that wait by then.

    ``write`` takes items in order of arrival and returns as many results. When it fails
    for several, each is written alone, so that one bad item does not affect the others.
    An error listed in ``common`` would meet every item alike and is raised for all.
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
        self._mutex = threading.Lock()
        self._waiting: deque[_Place[Item, Result]] = deque()
        self._is_led = False

    def put(self, item: Item) -> Result:
        """Return the item's result once it is written; raise what its write raised."""
        place = _Place[Item, Result](item)
        with self._mutex:
            self._waiting.append(place)
            leads = not self._is_led
            self._is_led = True
        if not leads:
            place.called.wait(self._patience_s)
            leads = self._is_to_lead(place)
        if leads:
            self._lead()
        return place.outcome()

    def _is_to_lead(self, place: _Place[Item, Result]) -> bool:
        """Return True when this place became leader; leave the queue on a time-out."""
        with self._mutex:
            if not place.called.is_set() and place in self._waiting:
                self._waiting.remove(place)
            return place.leads

    def _lead(self) -> None:
        """Write the next group, then make the first waiting caller the leader."""
        group: list[_Place[Item, Result]] = []
        try:
            group = self._next_group()
            self._write_group(group)
        finally:
            with self._mutex:
                if self._waiting:
                    self._waiting[0].leads = True
                    self._waiting[0].called.set()
                else:
                    self._is_led = False
            for place in group:
                place.called.set()

    def _next_group(self) -> list[_Place[Item, Result]]:
        group: list[_Place[Item, Result]] = []
        weight = 0
        with self._mutex:
            while self._waiting and len(group) < self._most:
                weight += self._weigh(self._waiting[0].item)
                if group and weight > self._heaviest:
                    break
                group.append(self._waiting.popleft())
        return group

    def _write_group(self, group: list[_Place[Item, Result]]) -> None:
        try:
            results = self._write([place.item for place in group])
        except Exception as error:  # noqa: BLE001 - it is raised where the item came from
            if len(group) > 1 and not isinstance(error, self._common):
                for place in group:
                    self._write_group([place])
                return
            for place in group:
                place.error = error
        else:
            for place, result in zip(group, results, strict=True):
                place.results = (result,)


class _Place[Item, Result]:
    """A waiting caller, its item and the result."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.called = threading.Event()
        self.leads = False
        self.results: tuple[Result, ...] = ()
        self.error: Exception | None = None

    def outcome(self) -> Result:
        if self.error is not None:
            raise self.error
        if not self.results:
            raise WaitedTooLong
        return self.results[0]

"""An event loop whose time passes only when nothing else is left to do.

    @in_virtual_time
    async def test_...() -> None:
        await asyncio.sleep(3_600)      # returns at once

Sockets on loopback and threads work: time stands still while one of them is busy.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

# After this time without a timer, a thread or data, the test waits for nothing.
STUCK_SECONDS = 20.0
# Data on loopback arrives at once; a busy machine may need a moment.
GRACE_SECONDS = 0.0005


class _Selector(selectors.DefaultSelector):
    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.loop.jobs or timeout is None:
            ready = super().select(STUCK_SECONDS)
            if not ready:
                raise AssertionError("the test waits for nothing")
            return ready
        if len(self.get_map()) > 1:
            ready = super().select(GRACE_SECONDS)
        if not ready:
            self.loop.moment += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self.moment = 1_000.0
        # Threads that are at work.
        self.jobs = 0
        super().__init__(selector)

    def time(self) -> float:
        return self.moment

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Any, *args: Any
    ) -> Any:
        self.jobs += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._job_done)
        return future

    async def shutdown_default_executor(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the name of asyncio
    ) -> None:
        self.jobs += 1
        await super().shutdown_default_executor(timeout)

    def _job_done(self, _future: object) -> None:
        self.jobs -= 1


class LoopClock:
    """The clock of the running loop."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


def in_virtual_time[**P](
    test: Callable[P, Coroutine[Any, Any, None]],
) -> Callable[P, None]:
    @functools.wraps(test)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return wrapper


async def until(condition: Callable[[], object], *, seconds: float = 60.0) -> None:
    """Let time pass until the condition holds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it never came to hold"
        await asyncio.sleep(0.01)

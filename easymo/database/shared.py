"""One run for all who ask for it at the same time.

Whoever asks while a run is on shares the next one, which begins after everything that
was committed before it was asked for: nobody's rows are missed, and nobody waits twice.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Shared:
    """A job that runs once at a time in this process, however many ask for it."""

    def __init__(self, job: Callable[[], Awaitable[None]]) -> None:
        self._job = job
        # The last run that was asked for, and whether it has begun.
        self._runs: WeakKeyDictionary[asyncio.AbstractEventLoop, _Run] = (
            WeakKeyDictionary()
        )

    async def run(self) -> None:
        """Return when a run that began after this call has ended; raise as it does."""
        loop = asyncio.get_running_loop()
        run = self._runs.get(loop)
        if run is None or run.has_begun:
            run = _Run(self._job, after=run)
            self._runs[loop] = run
        # Told to stop, one who waits must not stop it for the others.
        await asyncio.shield(run.task)

    async def ask(self) -> None:
        """See that a run begins after this call; wait for it only where nobody does.

        A flood of those who ask then takes up two places, and not all there are.
        """
        run = self._runs.get(asyncio.get_running_loop())
        if run is None or run.has_begun:
            await self.run()


class _Run:
    def __init__(self, job: Callable[[], Awaitable[None]], after: _Run | None) -> None:
        self.has_begun = False
        self.task: asyncio.Future[None] = asyncio.ensure_future(
            self._run(job, after.task if after is not None else None)
        )

    async def _run(
        self, job: Callable[[], Awaitable[None]], before: asyncio.Future[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        self.has_begun = True
        await job()

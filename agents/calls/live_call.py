"""One running call: its state, and the one loop that changes it.

Events of the provider, results of tools and deadlines are handled one after the other, so
that no two parts of the call act at the same time. Slow work runs beside the loop and
comes back as a result.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from agents.calls.connection import Connection
from agents.calls.ending import Ending
from agents.calls.greeting import Greeting
from agents.calls.journal import Journal
from agents.calls.key_presses import KeyPresses
from agents.calls.limits import Limits
from agents.calls.phase import SERVING, Phase
from agents.calls.quiet import Quiet
from agents.calls.services import CallLimits, Counts, Seconds
from agents.calls.speech import Speech
from agents.calls.timers import Timers
from agents.calls.tool_rounds import ToolRounds
from agents.calls.transfer import Transfer
from agents.core.errors import LeaseLost
from agents.realtime.provider import LinkClosed, ProviderError
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from agents.calls.reasons import EndReason
    from agents.calls.reference import CallRef
    from agents.calls.services import CallServices
    from agents.core.clock import Clock
    from agents.models import CallEvent
    from agents.realtime.provider import Line, VoiceEvent, VoiceLink, VoiceProvider

logger = get_logger(__name__)


class Part(Protocol):
    """What handles one subject of a call."""

    async def on(self, event: VoiceEvent) -> None: ...


class LiveCall:
    def __init__(
        self,
        ref: CallRef,
        provider: VoiceProvider,
        link: VoiceLink,
        services: CallServices,
        *,
        clock: Clock,
        limits: CallLimits | None = None,
        seconds: Seconds | None = None,
        counts: Counts | None = None,
        reattached: bool = False,
    ) -> None:
        self.ref = ref
        self.provider = provider
        self.link = link
        self.services = services
        self.clock = clock
        self.limits_of_call = limits or CallLimits()
        self.seconds = seconds or Seconds()
        self.counts = counts or Counts()
        self.reattached = reattached
        self.language = ref.language
        # The write of the language that the caller's words chose.
        self._language_written: asyncio.Future[None] | None = None
        self.spec = services.spec(ref.language)
        self.phase = Phase.OPENING
        # None: handed over to another worker.
        self.result: EndReason | None = None
        self.last_event_at = clock.now()
        self.timers = Timers(clock)
        self.journal = Journal(ref.pk)
        self._results: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._read: asyncio.Task[VoiceEvent] | None = None
        self._next: asyncio.Task[Callable[[], Awaitable[None]]] | None = None
        self._work: set[asyncio.Task[Any]] = set()
        # Work that is finished before the call's rows are: its changes remain.
        self._vital: set[asyncio.Task[Any]] = set()
        self.speech = Speech(self)
        self.tools = ToolRounds(self)
        self.keys = KeyPresses(self)
        self.quiet = Quiet(self)
        self.limits = Limits(self)
        self.greeting = Greeting(self)
        self.transfer = Transfer(self)
        self.ending = Ending(self)
        self.connection = Connection(self)

    def _parts(self) -> tuple[Part, ...]:
        """Return the parts in the order in which they handle an event."""
        return (
            self.limits,
            self.speech,
            self.tools,
            self.keys,
            self.quiet,
            self.greeting,
            self.transfer,
            self.ending,
            self.connection,
        )

    @property
    def is_serving(self) -> bool:
        return self.phase in SERVING

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.OVER

    async def run(self) -> EndReason | None:
        """Run to the end; return how it ended, or None to hand the call over."""
        try:
            attached = self.journal.add(self.services.attached)
            await self.greeting.open()
            self.limits.begin()
            while not self.is_over:
                await self._step(attached)
            await self._settle()
        finally:
            await self._leave()
        return self.result

    def over(self, reason: EndReason | None) -> None:
        if not self.is_over:
            self.phase, self.result = Phase.OVER, reason

    async def say(self, key: str, **values: object) -> Line:
        line = self.services.line(key, self.language, **values)
        await self.link.say(line)
        return line

    async def respond(self) -> None:
        """Let the model answer, after the greeting and before the closing words."""
        if self.phase is Phase.GREETING:
            self.greeting.owes_answer = True
        elif self.phase is Phase.TALKING:
            await self.link.respond()

    async def configure(self, **changes: Any) -> str:
        self.spec = replace(self.spec, **changes)
        return await self.link.configure(self.spec)

    async def speak_language(self, code: str, *, by: str) -> None:
        """Go on in another language; what the caller wants comes first."""
        if code == self.language or not self.is_serving:
            return
        self.language = code
        spec = self.services.spec(code)
        await self.configure(instructions=spec.instructions)
        if by == "words":
            # The keypad has recorded its own change.
            self._language_written = self.journal.add(
                lambda: self.services.language(code, by)
            )

    async def language_written(self) -> None:
        """Wait until the rows have the language in which the caller spoke last."""
        if self._language_written is not None:
            await asyncio.wait({self._language_written})

    def note(
        self,
        kind: CallEvent.Kind,
        *,
        text: str = "",
        is_partial: bool = False,
        **detail: Any,
    ) -> None:
        """Add an entry to the timeline."""
        self.journal.add(
            lambda: self.services.event(
                kind, text=text, is_partial=is_partial, detail=detail
            )
        )

    def spawn[T](
        self,
        work: Coroutine[Any, Any, T],
        then: Callable[[T | None], Awaitable[None]],
        *,
        is_vital: bool = False,
    ) -> asyncio.Task[T]:
        """Run work beside the loop; `then` gets its result in the loop, None on error."""
        task = asyncio.create_task(work)
        kept = self._vital if is_vital else self._work
        kept.add(task)

        def done(finished: asyncio.Task[T]) -> None:
            kept.discard(finished)
            if finished.cancelled():
                return
            error = finished.exception()
            if error is not None:
                logger.warning(
                    "ai.call.work.error", call=self.ref.pk, error=type(error).__name__
                )
            result = finished.result() if error is None else None
            self._results.put_nowait(lambda: then(result))

        task.add_done_callback(done)
        return task

    async def _step(self, attached: asyncio.Future[None]) -> None:
        await self.timers.run_due()
        if self.is_over:
            return
        if attached.done() and not attached.cancelled():
            error = attached.exception()
            if isinstance(error, LeaseLost):
                raise error
        await self._wait()
        if self._next is not None and self._next.done():
            act = self._next.result()
            self._next = None
            await act()
        elif self._read is not None and self._read.done():
            event = self._read.result()
            self._read = None
            await self._handle(event)

    async def _wait(self) -> None:
        """Wait for a result of other work, an event or the next deadline."""
        if self._next is None:
            self._next = asyncio.create_task(self._results.get())
        waited: set[asyncio.Task[Any]] = {self._next}
        if not self.connection.is_lost:
            if self._read is None:
                self._read = asyncio.create_task(self.link.next_event())
            waited.add(self._read)
        await asyncio.wait(
            waited,
            timeout=self.timers.left(),
            return_when=asyncio.FIRST_COMPLETED,
        )

    async def _handle(self, event: VoiceEvent) -> None:
        self.last_event_at = self.clock.now()
        self.link.observe(event)
        for part in self._parts():
            await part.on(event)
        if not isinstance(event, LinkClosed):
            await self.link.flush()

    async def _settle(self) -> None:
        """Hang up, let tools end, write what is left; the caller's words first."""
        self.speech.flush()
        if self.result is not None:
            await self._hang_up()
        vital = set(self._vital)
        if vital:
            await asyncio.wait(vital, timeout=self.seconds.last_tools)
        await self.journal.close(self.seconds.last_writes)

    async def _hang_up(self) -> None:
        """Always by REST: closing the socket does not end a call."""
        try:
            await self.provider.hang_up(self.ref.call_id)
        except ProviderError as error:
            logger.warning("ai.call.hang_up.error", call=self.ref.pk, code=error.code)

    async def _leave(self) -> None:
        waiting = [task for task in (self._read, self._next) if task is not None]
        tasks = [*self._work, *self._vital, *waiting]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.journal.stop()
        await self.link.close()

"""The end of a call: closing words to their end, then the hang-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.calls.phase import CLOSING, Phase
from agents.models import CallEvent
from agents.realtime.provider import (
    PlaybackEnded,
    ResponseEnded,
    ResponseStarted,
)

if TYPE_CHECKING:
    from agents.calls.live_call import LiveCall
    from agents.calls.reasons import EndReason
    from agents.realtime.provider import Line, VoiceEvent

SENTENCE, WORDS, EXPIRY = "sentence", "closing words", "expiry"
REFERRED = "referred"
# Of an order's time: for the hang-up after the closing words.
HANG_UP_S = 2.0


class Ending:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self.reason: EndReason | None = None
        self._line: Line | None = None
        self._is_said = False
        self._response = ""
        self._transfers = False

    async def begin(
        self,
        reason: EndReason,
        key: str = "",
        *,
        line: Line | None = None,
        transfers: bool = False,
        within: float | None = None,
    ) -> None:
        """Let the agent finish its sentence, say the closing words, and hang up."""
        call = self.call
        if call.phase in CLOSING:
            return
        call.phase = Phase.ENDING
        self.reason, self._transfers = reason, transfers
        self._line = line or (call.services.line(key, call.language) if key else None)
        call.timers.clear()
        call.link.drop_wanted()
        if within is not None:
            call.timers.set(EXPIRY, max(0.0, within - HANG_UP_S), self._expire)
        # Nothing that the caller says cuts the closing words.
        await call.configure(may_interrupt=False, listens=False)
        if call.link.is_idle and not call.link.is_playing:
            await self._close()
        else:
            call.timers.set(SENTENCE, call.seconds.sentence, self._cut)

    async def give_up(self, reason: EndReason) -> None:
        """End a call in which the agent cannot speak: transfer it, or hang up."""
        call = self.call
        if call.phase in CLOSING:
            return
        call.phase = Phase.ENDING
        self.reason, self._transfers, self._is_said = reason, True, True
        call.timers.clear()
        call.link.drop_wanted()
        call.note(CallEvent.Kind.ERROR, code=str(reason))
        call.journal.add(call.services.apologise)
        await self._finish()

    async def on(self, event: VoiceEvent) -> None:
        if self.call.phase is not Phase.ENDING:
            return
        if isinstance(event, ResponseStarted):
            await self._started(event)
        elif not self._is_said:
            await self._sentence(event)
        elif isinstance(event, PlaybackEnded | ResponseEnded):
            is_heard = isinstance(event, PlaybackEnded) or not event.has_words
            if event.response_id == self._response and is_heard:
                await self._finish()

    async def _started(self, event: ResponseStarted) -> None:
        if self._is_said and self._is_mine(event):
            self._response = event.response_id
        else:
            # The provider began it by itself.
            await self.call.link.stop_speaking()

    async def _sentence(self, event: VoiceEvent) -> None:
        """Close as soon as the agent has ended what it was saying."""
        link = self.call.link
        is_end = isinstance(event, PlaybackEnded | ResponseEnded)
        if is_end and not link.is_responding and not link.is_playing:
            await self._close()

    def _is_mine(self, event: ResponseStarted) -> bool:
        return self._line is not None and event.line == self._line.name

    async def _cut(self) -> None:
        """The sentence was too long."""
        await self.call.link.stop_speaking()
        await self.call.link.give_up()
        await self._close()

    async def _close(self) -> None:
        call = self.call
        if self._is_said:
            return
        self._is_said = True
        call.timers.cancel(SENTENCE)
        if self._line is None:
            await self._finish()
            return
        await call.link.say(self._line)
        call.timers.set(WORDS, call.seconds.closing, self._finish)

    async def _finish(self) -> None:
        """Transfer the caller where that is wanted; else the call is over."""
        call = self.call
        call.timers.cancel(WORDS)
        target = call.limits_of_call.fallback
        if self._transfers and target:
            self._transfers = False
            call.timers.set(REFERRED, call.seconds.transfer / 2, self._expire)
            call.note(CallEvent.Kind.TRANSFER, reason=str(self.reason))
            call.spawn(
                call.provider.transfer(call.ref.call_id, target), self._transferred
            )
            return
        call.over(self.reason)

    async def _expire(self) -> None:
        self.call.over(self.reason)

    async def _transferred(self, _result: None) -> None:
        """Wait for the close; an error is not told apart from no effect."""

"""A caller who says nothing: asked once, then the call ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.calls.reasons import EndReason
from agents.models import CallEvent
from agents.realtime.provider import (
    CallerSilent,
    CallerStarted,
    KeyPressed,
    PlaybackEnded,
    PlaybackStarted,
    ResponseStarted,
)

if TYPE_CHECKING:
    from agents.calls.live_call import LiveCall
    from agents.realtime.provider import VoiceEvent

ASK = "phone.silence"
GOODBYE = "phone.idle_end"
QUIET, FIRST_WORDS, UNASKED = "quiet", "first words", "unasked"


class Quiet:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self._silences = 0

    async def on(self, event: VoiceEvent) -> None:
        match event:
            case CallerStarted() | KeyPressed():
                self._silences = 0
                self.call.timers.cancel(QUIET, FIRST_WORDS, UNASKED)
            case CallerSilent():
                await self._silent(asks=False)
            case ResponseStarted() | PlaybackStarted():
                self.call.timers.cancel(QUIET, UNASKED)
            case PlaybackEnded():
                self.expect_words()

    def expect_first_words(self) -> None:
        """Wait for a caller who has only heard the greeting."""
        if not self.call.speech.has_heard:
            seconds = self.call.seconds.after_greeting
            self.call.timers.set(FIRST_WORDS, seconds, self._no_words)

    def expect_words(self) -> None:
        """Wait ourselves: the provider's own time-out may not work."""
        if self.call.is_serving:
            self.call.timers.set(QUIET, self.call.seconds.quiet, self._quiet)

    async def _no_words(self) -> None:
        await self.call.ending.begin(EndReason.NO_SPEECH, GOODBYE)

    async def _quiet(self) -> None:
        if self.call.tools.is_busy or not self.call.link.is_idle:
            self.expect_words()
        else:
            await self._silent(asks=True)

    async def _silent(self, *, asks: bool) -> None:
        """Count a silence, unless the caller waits for us or uses the keypad."""
        call = self.call
        if not call.is_serving or call.tools.is_busy or call.keys.is_recent:
            return
        self._silences += 1
        call.note(CallEvent.Kind.SILENCE, count=self._silences)
        if self._silences >= call.counts.silences:
            await call.ending.begin(EndReason.SILENCE, GOODBYE)
        elif asks:
            await call.say(ASK)
        else:
            # The provider asks the caller by itself; where it does not, we do.
            call.timers.set(UNASKED, call.seconds.unasked, self._ask)

    async def _ask(self) -> None:
        await self.call.link.give_up()
        await self.call.say(ASK)

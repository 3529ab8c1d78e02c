"""Keys of the telephone: in order, never merged, and never seen by the model.

What a digit means is decided outside of the loop, and no digit is kept here.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from agents.models import CallEvent
from agents.realtime.provider import KeyPressed, PlaybackEnded

if TYPE_CHECKING:
    from agents.calls.live_call import LiveCall
    from agents.calls.services import Asks, KeyAnswer
    from agents.realtime.provider import Line, VoiceEvent

KEY, BUTTON, ENTRY = "key", "button", "entry"
IGNORED = "ignored"
# What the caller asked for before is done now, without asking them again.
CONTINUES = frozenset({"pin_ok", "code"})
# For this time after a key the caller counts as using the keypad.
RECENT_S = 10.0
MAX_WAITING = 64


class KeyPresses:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self._asks: Asks = ""
        self._waiting: deque[str] = deque()
        self._is_busy = False
        self._last_at: float | None = None
        # The button in WhatsApp was offered for this question.
        self._is_offered = False

    @property
    def is_recent(self) -> bool:
        """Tell whether the caller uses the keypad now."""
        last = self._last_at
        return last is not None and self.call.clock.now() - last < RECENT_S

    def expect(self, asks: Asks) -> None:
        """Wait for keys as soon as the question was heard."""
        self._asks = asks
        self._is_offered = False

    async def on(self, event: VoiceEvent) -> None:
        match event:
            case KeyPressed():
                self._pressed(event.digit)
            case PlaybackEnded() if self._asks and not self.call.timers.is_set(KEY):
                self._wait()

    def _wait(self) -> None:
        if not self._is_offered and self.call.is_serving:
            self.call.timers.set(KEY, self.call.seconds.key, self._no_key)

    def _pressed(self, digit: str) -> None:
        call = self.call
        if not call.is_serving or len(self._waiting) >= MAX_WAITING:
            return
        self._last_at = call.clock.now()
        call.note(CallEvent.Kind.KEY)
        call.timers.cancel(ENTRY)
        if self._asks:
            self._wait()
        self._waiting.append(digit)
        if not self._is_busy:
            self._next()

    def _next(self) -> None:
        """Pass the next press to the services; each waits for the one before."""
        if not self._waiting:
            return
        self._is_busy = True
        digit = self._waiting.popleft()
        self.call.spawn(self.call.services.press(digit), self._answered, is_vital=True)

    async def _answered(self, answer: KeyAnswer | None) -> None:
        self._is_busy = False
        if answer is not None and answer.kind != IGNORED:
            await self._apply(answer)
            if answer.settles and not self._waiting:
                self.call.timers.set(ENTRY, self.call.seconds.entry, self._settle)
        self._next()

    async def _settle(self) -> None:
        """The caller has stopped typing."""
        if not self._is_busy and self.call.is_serving:
            self._is_busy = True
            self.call.spawn(self.call.services.settle(), self._answered, is_vital=True)

    async def _apply(self, answer: KeyAnswer) -> None:
        call = self.call
        call.speech.productive()
        was_asked = bool(self._asks)
        if not answer.asks:
            self._settled()
        else:
            self._asks = answer.asks
        if not call.is_serving:
            return
        if answer.ends is not None:
            self._waiting.clear()
            await call.ending.begin(answer.ends, line=answer.line)
        elif answer.language:
            await self._switch(answer)
        else:
            await self._go_on(answer, was_asked=was_asked)

    async def _switch(self, answer: KeyAnswer) -> None:
        call = self.call
        await call.speak_language(answer.language, by="key")
        if call.greeting.is_heard:
            await self._say(answer.line)
        else:
            await call.greeting.again(answer.language)

    async def _go_on(self, answer: KeyAnswer, *, was_asked: bool) -> None:
        """Tell the model what happened; it goes on, unless a line says it all."""
        call = self.call
        if answer.note:
            await call.link.note(answer.note)
        if answer.line and not (was_asked and answer.kind in CONTINUES):
            await self._say(answer.line)
        elif answer.note:
            await call.respond()

    async def _say(self, line: Line | None) -> None:
        """An answer to a key is not kept waiting by a longer speech."""
        if line:
            await self.call.link.stop_speaking()
            await self.call.link.say(line)

    def _settled(self) -> None:
        self._asks = ""
        self.call.timers.cancel(KEY, BUTTON)

    async def _no_key(self) -> None:
        """Keys may not arrive at all: offer the button in WhatsApp, once."""
        call = self.call
        if self._asks and call.is_serving and not self._is_offered:
            self._is_offered = True
            call.spawn(call.services.offer_button(), self._offered)

    async def _offered(self, line: Line | None) -> None:
        call = self.call
        if line is None or not self._asks or not call.is_serving:
            return
        await call.link.say(line)
        call.timers.set(BUTTON, call.seconds.button_poll, self._look)

    async def _look(self) -> None:
        if self._asks and self.call.is_serving:
            self.call.spawn(self.call.services.button(), self._looked)

    async def _looked(self, answer: KeyAnswer | None) -> None:
        call = self.call
        if not self._asks or not call.is_serving:
            return
        if answer is None:
            call.timers.set(BUTTON, call.seconds.button_poll, self._look)
        else:
            self._settled()
            await self._apply(answer)

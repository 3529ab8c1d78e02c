"""The first words: settings answered, tools compared, then the disclosure.

The greeting comes without any look-up before it, and nothing cuts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.calls.phase import CLOSING, Phase
from agents.calls.reasons import EndReason
from agents.models import CallEvent
from agents.realtime.provider import (
    PlaybackEnded,
    ProviderFault,
    ResponseEnded,
    ResponseStarted,
    SessionChanged,
)

if TYPE_CHECKING:
    from agents.calls.live_call import LiveCall
    from agents.realtime.provider import VoiceEvent

GREETING = "phone.greeting"
BACK = "phone.back"
UPDATES = 2


class Greeting:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self.is_heard = False
        # The caller spoke before the greeting was over.
        self.owes_answer = False
        self._updates = 0
        self._update = ""
        self._response = ""
        self._tries = 0

    async def open(self) -> None:
        """Send the settings; the greeting follows their answer."""
        self._updates += 1
        self._update = await self.call.configure()
        self.call.timers.set("update", self.call.seconds.update, self._not_updated)

    async def on(self, event: VoiceEvent) -> None:
        match event:
            case SessionChanged():
                await self._changed(event)
            case ProviderFault() if event.event_id == self._update:
                await self._not_updated()
            case ResponseStarted() if event.line == GREETING:
                self._response = event.response_id
            case ResponseEnded() if self._is_lost(event):
                await self._greet()
            case PlaybackEnded() if event.response_id == self._response:
                await self._heard()

    async def again(self, language: str) -> None:
        """Greet in another language, while the first greeting is not over."""
        if self.call.phase is Phase.GREETING and language:
            await self.call.link.stop_speaking()
            self._tries = 0
            await self._greet()

    def _is_lost(self, event: ResponseEnded) -> bool:
        """The greeting was not made at all."""
        is_mine = bool(self._response) and event.response_id == self._response
        return is_mine and event.status in {"failed", "incomplete"} and not event.error

    async def _changed(self, event: SessionChanged) -> None:
        """Go on only with the tools that the agent's rules are made for."""
        if set(event.tools) != set(self.call.spec.tool_names):
            await self._not_updated()
            return
        self._update = ""
        self.call.timers.cancel("update")
        self._updates = 0
        if self.call.phase is Phase.OPENING:
            await self._begin()

    async def _not_updated(self) -> None:
        call = self.call
        call.note(CallEvent.Kind.ERROR, code="session_update")
        if call.phase in CLOSING:
            return
        if self._updates < UPDATES:
            await self.open()
        else:
            await call.ending.give_up(EndReason.SESSION_ERROR)

    async def _begin(self) -> None:
        call = self.call
        if call.reattached:
            call.phase = Phase.TALKING
            self.is_heard = True
            await call.configure(may_interrupt=True)
            await call.say(BACK)
            return
        call.phase = Phase.GREETING
        call.timers.set("greeting", call.seconds.greeting, self._heard)
        await self._greet()

    async def _greet(self) -> None:
        self._tries += 1
        self._response = ""
        if self._tries <= UPDATES:
            await self.call.say(GREETING)
        else:
            await self._heard()

    async def _heard(self) -> None:
        """The caller may interrupt from now on, and is expected to speak."""
        call = self.call
        call.timers.cancel("greeting")
        if self.is_heard or call.phase is not Phase.GREETING:
            return
        self.is_heard = True
        call.phase = Phase.TALKING
        call.note(CallEvent.Kind.GREETED)
        await call.configure(may_interrupt=True)
        if self.owes_answer:
            await call.respond()
        call.quiet.expect_first_words()

"""Transfer the caller to a person: announce it, refer the call, and check that it
closes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.calls.phase import Phase
from agents.calls.reasons import EndReason
from agents.models import CallEvent
from agents.realtime.provider import (
    LinkClosed,
    PlaybackEnded,
    ResponseEnded,
    ResponseStarted,
)

if TYPE_CHECKING:
    from agents.calls.live_call import LiveCall
    from agents.realtime.provider import VoiceEvent

ANNOUNCE = "phone.transfer"
FAILED, CALLBACK = "phone.transfer_failed", "phone.callback"
ANNOUNCED, WATCHED = "announced", "watched"
ASKED, NOWHERE = "asked_for_person", "no_fallback"


class Transfer:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self._response = ""
        # The provider was asked to refer the call.
        self.is_referred = False

    async def begin(self) -> None:
        """Announce the transfer, or a call back where no transfer is possible."""
        call = self.call
        if not call.is_serving:
            return
        call.link.drop_wanted()
        if not call.limits_of_call.fallback:
            self._open_callback(NOWHERE)
            await call.say(CALLBACK)
            return
        call.phase = Phase.TRANSFERRING
        call.timers.cancel("quiet", "first words", "key", "greeting")
        await call.configure(may_interrupt=False, listens=False)
        await call.say(ANNOUNCE)
        call.timers.set(ANNOUNCED, call.seconds.closing, self._refer)

    async def on(self, event: VoiceEvent) -> None:
        if self.call.phase is not Phase.TRANSFERRING:
            return
        match event:
            case ResponseStarted() if event.line == ANNOUNCE:
                self._response = event.response_id
            case PlaybackEnded() if event.response_id == self._response:
                await self._refer()
            case ResponseEnded() if event.response_id == self._response:
                if not event.has_words:
                    await self._refer()
            case LinkClosed() if self.is_referred and not event.reason:
                self.call.over(EndReason.TRANSFERRED)

    async def _refer(self) -> None:
        call = self.call
        call.timers.cancel(ANNOUNCED)
        if self.is_referred:
            return
        self.is_referred = True
        call.note(CallEvent.Kind.TRANSFER, reason=ASKED)
        call.spawn(self._ask(), self._asked)

    async def _ask(self) -> bool:
        call = self.call
        await call.provider.transfer(call.ref.call_id, call.limits_of_call.fallback)
        return True

    async def _asked(self, accepted: bool | None) -> None:
        """A 200 does not mean that the transfer worked: check whether the call closes."""
        if accepted is None:
            await self._failed()
        else:
            seconds = self.call.seconds.transfer
            self.call.timers.set(WATCHED, seconds, self._failed)

    async def _failed(self) -> None:
        """Tell the caller, open the task, and go on with the call."""
        call = self.call
        if call.phase is not Phase.TRANSFERRING:
            return
        self.is_referred = False
        self._response = ""
        self._open_callback("transfer_failed")
        call.phase = Phase.TALKING
        await call.configure(may_interrupt=True, listens=True)
        await call.say(FAILED)

    def _open_callback(self, reason: str) -> None:
        call = self.call
        call.journal.add(lambda: call.services.callback(reason))

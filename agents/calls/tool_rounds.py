"""The tool round trip: results at once, and one response after the last of them.

A call runs to its end, whatever the caller says or presses meanwhile: its changes
remain. One that takes too long is answered on WhatsApp.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.calls.services import ToolAnswer
from agents.models import CallEvent
from agents.realtime.provider import ProviderError, ResponseEnded

if TYPE_CHECKING:
    from agents.calls.live_call import LiveCall
    from agents.calls.speech import Utterance
    from agents.realtime.provider import Line, ToolCalled, VoiceEvent

SLOW, SLOW_UNSENT = "phone.slow", "phone.slow_unsent"
UNAVAILABLE = json.dumps({"success": False, "code": "unavailable"})


def _pending(then: str) -> str:
    error = f"The result is not known yet. {then}"
    return json.dumps({"success": False, "code": "pending", "error": error})


PENDING = _pending("It will be sent on WhatsApp.")
PENDING_UNSENT = _pending("It is not sent on WhatsApp. The caller may ask again.")


@dataclass
class ToolRound:
    """The calls of one response."""

    utterance: Utterance
    calls: deque[ToolCalled]
    # What is spoken after the last result, instead of the model's own answer.
    lines: list[Line] = field(default_factory=list)
    transfers: bool = False


@dataclass
class RunningTool:
    round: ToolRound
    called: ToolCalled
    ordinal: int
    is_answered: bool = False


class ToolRounds:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self._rounds: deque[ToolRound] = deque()
        self._running: RunningTool | None = None
        self._seen: set[str] = set()
        # Results that could not be sent, because the connection was lost.
        self._unsent: list[tuple[str, str]] = []

    @property
    def is_busy(self) -> bool:
        """Tell whether the caller waits for a tool."""
        return self._running is not None

    async def on(self, event: VoiceEvent) -> None:
        if not isinstance(event, ResponseEnded) or not self.call.is_serving:
            return
        new = [one for one in event.tool_calls if one.call_id not in self._seen]
        if not new:
            return
        self._seen.update(one.call_id for one in new)
        self._rounds.append(ToolRound(self.call.speech.utterance(), deque(new)))
        if self._running is None:
            self._next()

    async def deliver_again(self) -> None:
        """Send the results that the lost connection did not take."""
        unsent, self._unsent = self._unsent, []
        for call_id, output in unsent:
            await self._send(call_id, output)
        if unsent:
            await self.call.respond()

    def _next(self) -> None:
        """Begin the next call: one after the other, in the order of the model."""
        while self._rounds and not self._rounds[0].calls:
            self._rounds.popleft()
        if not self._rounds:
            return
        round_ = self._rounds[0]
        called = round_.calls.popleft()
        running = RunningTool(round_, called, round_.utterance.next_ordinal())
        self._running = running
        call = self.call
        call.timers.set(_timer(running), call.seconds.tool, lambda: self._late(running))

        async def done(answer: ToolAnswer | None) -> None:
            await self._done(running, answer)

        call.spawn(self._perform(running), done, is_vital=True)

    async def _perform(self, running: RunningTool) -> ToolAnswer:
        turn = await running.round.utterance.turn
        # The result is told in the language of the words that asked for it.
        await self.call.language_written()
        return await self.call.services.perform(turn, running.ordinal, running.called)

    async def _done(self, running: RunningTool, answer: ToolAnswer | None) -> None:
        call = self.call
        call.timers.cancel(_timer(running))
        if not running.is_answered:
            await self._answer(running, answer or ToolAnswer(UNAVAILABLE))
        elif answer is not None:
            turn, ordinal = running.round.utterance.turn.result(), running.ordinal
            call.journal.add(lambda: call.services.late(turn, ordinal))

    async def _late(self, running: RunningTool) -> None:
        """Go on without the result; the tool itself goes on too."""
        call = self.call
        call.note(CallEvent.Kind.TOOL, tool=running.called.name[:64], code="late")

        async def sends() -> bool:
            # The cause that makes the tool slow may make this slow too.
            with suppress(TimeoutError):
                async with asyncio.timeout(call.seconds.late):
                    return await call.services.sends_late(running.called)
            return False

        async def known(is_sent: bool | None) -> None:
            if not running.is_answered:
                await self._put_off(running, is_sent=bool(is_sent))

        call.spawn(sends(), known)

    async def _put_off(self, running: RunningTool, *, is_sent: bool) -> None:
        """Say that the result comes later on WhatsApp, only where it does."""
        call = self.call
        line = call.services.line(SLOW if is_sent else SLOW_UNSENT, call.language)
        pending = PENDING if is_sent else PENDING_UNSENT
        await self._answer(running, ToolAnswer(pending, line=line))

    async def _answer(self, running: RunningTool, answer: ToolAnswer) -> None:
        running.is_answered = True
        self._running = None
        round_ = running.round
        round_.transfers |= answer.transfers
        if answer.line:
            round_.lines.append(answer.line)
        await self._send(running.called.call_id, answer.output)
        if answer.asks:
            self.call.keys.expect(answer.asks)
        if answer.output != UNAVAILABLE:
            self.call.speech.productive()
        if not round_.calls:
            await self._finish(round_)
        self._next()

    async def _finish(self, round_: ToolRound) -> None:
        """After the last result: a transfer, a fixed line, or one response."""
        call = self.call
        if not call.is_serving:
            return
        if round_.transfers:
            await call.transfer.begin()
        elif round_.lines:
            for line in round_.lines:
                await call.link.say(line)
        else:
            await call.respond()

    async def _send(self, call_id: str, output: str) -> None:
        if self.call.connection.is_lost:
            self._unsent.append((call_id, output))
            return
        try:
            await self.call.link.tool_result(call_id, output, is_last=False)
        except ProviderError as error:
            self.call.note(CallEvent.Kind.ERROR, code=error.code[:40])


def _timer(running: RunningTool) -> str:
    return f"tool {running.called.call_id}"

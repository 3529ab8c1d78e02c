"""Who said what: utterances of the caller, words of the agent, and their transcripts.

Transcripts come late, in another order, or not at all. They are matched by the item's id
and nothing waits for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.calls.reasons import EndReason
from agents.language.detection import clear_language
from agents.models import CallEvent
from agents.realtime.provider import (
    AgentWords,
    CallerCommitted,
    CallerSilent,
    CallerStarted,
    CallerStopped,
    CallerWords,
    PlaybackEnded,
    PlaybackStarted,
    ResponseEnded,
    ResponseStarted,
)

if TYPE_CHECKING:
    import asyncio

    from agents.calls.live_call import LiveCall
    from agents.calls.services import Correction
    from agents.realtime.provider import VoiceEvent

CUT = "cut"
UNCLEAR, UNCLEAR_END = "phone.unclear", "phone.unclear_end"
CORRECTION_END = "phone.correction_end"
# A limit of the account: the agent cannot say that it cannot speak.
ACCOUNT_ERRORS = frozenset(
    {
        "insufficient_quota",
        "rate_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)


@dataclass
class Utterance:
    """What the caller said without a pause, and whether it was productive."""

    item_id: str
    turn: asyncio.Future[int]
    ordinal: int = 0
    is_empty: bool = False
    is_failed: bool = False

    @property
    def is_unproductive(self) -> bool:
        return self.is_empty or self.is_failed

    def next_ordinal(self) -> int:
        self.ordinal += 1
        return self.ordinal - 1


@dataclass
class SpokenResponse:
    """One response of the agent, as far as it was heard."""

    utterance: Utterance | None
    line: str = ""
    words: list[str] = field(default_factory=list)
    # None: it is not over.
    is_complete: bool | None = None
    is_recorded: bool = False


class Speech:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self.has_heard = False
        self._utterances: list[Utterance] = []
        self._answered: set[str] = set()
        self._spoken: dict[str, SpokenResponse] = {}
        self._used: set[str] = set()

    async def on(self, event: VoiceEvent) -> None:
        match event:
            case CallerStarted():
                self.has_heard = True
                self._barge_in()
            case CallerSilent():
                # The item that stands for a silence; the provider answers it by itself.
                self._answered.add(event.item_id)
            case CallerStopped() | CallerCommitted():
                await self._answer(event.item_id)
            case CallerWords():
                await self._heard(event)
            case ResponseStarted():
                self._spoken[event.response_id] = SpokenResponse(
                    self._current(), event.line
                )
            case AgentWords():
                await self._said(event)
            case ResponseEnded():
                await self._ended(event)
            case PlaybackStarted():
                self._of(event.response_id)
            case PlaybackEnded():
                self.call.timers.cancel(CUT)
                self._played(event)

    def utterance(self) -> Utterance:
        """Return the caller's last words, or a turn for what came without any."""
        return self._current() or self._begin("")

    async def failed(self) -> None:
        """The caller got no answer; three such turns end the call."""
        if current := self._current():
            current.is_failed = True
        if not await self._capped() and self.call.is_serving:
            await self.call.say(UNCLEAR)

    def productive(self) -> None:
        """A key or a tool showed that the caller and the agent understand each other."""
        for utterance in self._utterances:
            utterance.is_empty = utterance.is_failed = False

    def flush(self) -> None:
        """Record what the call's end cut off."""
        for spoken in self._spoken.values():
            if spoken.is_complete is None:
                spoken.is_complete = False
            self._record(spoken)

    def _current(self) -> Utterance | None:
        return self._utterances[-1] if self._utterances else None

    def _of(self, response_id: str) -> SpokenResponse:
        return self._spoken.setdefault(response_id, SpokenResponse(self._current()))

    def _barge_in(self) -> None:
        """Stop the agent's speech, where the provider does not: never a tool."""
        call = self.call
        if call.spec.may_interrupt and (
            call.link.is_playing or call.link.is_responding
        ):
            call.timers.set(CUT, call.seconds.cut, call.link.stop_speaking)

    async def _answer(self, item_id: str) -> None:
        """Ask for an answer at once, once for each utterance."""
        if item_id in self._answered:
            return
        self._answered.add(item_id)
        if self.call.is_serving:
            self._begin(item_id)
            await self.call.respond()

    def _begin(self, item_id: str) -> Utterance:
        turn = self.call.journal.add(self.call.services.open_turn)
        utterance = Utterance(item_id, turn)
        self._utterances.append(utterance)
        return utterance

    async def _heard(self, event: CallerWords) -> None:
        call = self.call
        call.journal.add(lambda: call.services.transcribed(event.item_id, event.usage))
        words = (event.text or "").strip()
        if words:
            call.note(CallEvent.Kind.HEARD, text=words, item=event.item_id)
            if language := clear_language([words]):
                await call.speak_language(language, by="words")
            return
        for utterance in self._utterances:
            if utterance.item_id == event.item_id:
                utterance.is_empty = True
        await self._capped()

    async def _said(self, event: AgentWords) -> None:
        call = self.call
        spoken = self._of(event.response_id)
        spoken.words.append(event.text)
        if spoken.is_complete is not None:
            self._record(spoken)
        if call.is_serving and not spoken.line:
            call.spawn(call.services.check_claim(event.text), self._checked)

    async def _checked(self, correction: Correction | None) -> None:
        """Correct an unsupported claim at once; the second one ends the call."""
        call = self.call
        if correction is None or not call.is_serving:
            return
        call.link.drop_wanted()
        await call.link.stop_speaking()
        if correction.ends_call:
            await call.ending.begin(
                EndReason.UNSUPPORTED_CLAIMS, CORRECTION_END, line=correction.line
            )
        else:
            await call.link.say(correction.line)

    async def _ended(self, event: ResponseEnded) -> None:
        call = self.call
        spoken = self._of(event.response_id)
        if event.response_id not in self._used:
            self._used.add(event.response_id)
            call.spawn(call.services.used(event.response_id, event.usage), self._paid)
        if event.status == "cancelled" and not call.link.is_playing:
            spoken.is_complete = False
            self._record(spoken)
        if event.status == "failed" and event.error in ACCOUNT_ERRORS:
            await call.ending.give_up(EndReason.SESSION_ERROR)
        elif call.is_serving and not spoken.line and _leads_nowhere(event):
            await self.failed()

    async def _paid(self, is_over: bool | None) -> None:
        if is_over:
            await self.call.ending.begin(EndReason.CALL_BUDGET, "phone.budget_end")

    def _played(self, event: PlaybackEnded) -> None:
        spoken = self._of(event.response_id)
        spoken.is_complete = event.is_complete
        if not event.is_complete:
            self.call.note(CallEvent.Kind.INTERRUPTED)
        self._record(spoken)

    def _record(self, spoken: SpokenResponse) -> None:
        """Add the words to the transcript; partly heard ones are marked."""
        if spoken.words and not spoken.is_recorded:
            spoken.is_recorded = True
            self.call.note(
                CallEvent.Kind.SAID,
                text=" ".join(spoken.words),
                is_partial=not spoken.is_complete,
            )

    async def _capped(self) -> bool:
        """End the call after several unproductive turns in a row."""
        call = self.call
        last = self._utterances[-call.counts.unproductive :]
        is_capped = len(last) == call.counts.unproductive and all(
            utterance.is_unproductive for utterance in last
        )
        if is_capped and call.is_serving:
            await call.ending.begin(EndReason.UNPRODUCTIVE, UNCLEAR_END)
        return is_capped


def _leads_nowhere(event: ResponseEnded) -> bool:
    """Tell whether the response was unproductive for another reason than the caller's
    words.
    """
    if event.status == "cancelled":
        return False
    return not event.has_words and not event.tool_calls

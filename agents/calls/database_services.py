"""What the session needs of the rows, over the modules that own them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from agents.calls import (
    apology,
    budgets,
    buttons,
    control,
    late_results,
    recording,
    tools,
    unsupported_claims,
)
from agents.calls.handoff import open_callback
from agents.calls.instructions import instructions_for
from agents.calls.keypad import Keypad
from agents.calls.services import CallLimits, Correction, KeyAnswer, ToolAnswer
from agents.content.document import BUILT_IN, Content
from agents.language.normalise import plain
from agents.language.texts import render
from agents.llm.model import ToolRequest
from agents.models import Call, CallEvent
from agents.realtime.provider import Line
from agents.realtime.session import SessionSpec, VoiceTool
from easymo.database import units

if TYPE_CHECKING:
    from agents.calls.control import CallOrder
    from agents.calls.keypad import KeyOutcome
    from agents.calls.reference import CallRef
    from agents.core.clock import Clock
    from agents.realtime import provider

# The texts that were spoken and heard are what a claim is checked against.
MAX_LINES = 200


class DatabaseServices:
    def __init__(
        self, ref: CallRef, clock: Clock | None = None, content: Content = BUILT_IN
    ) -> None:
        self._ref = ref
        self._content = content
        self._keypad = Keypad(ref, clock)
        self._watch = buttons.Watch(ref, self._keypad)
        self._language = ref.language
        self._said: list[str] = []
        self._heard: list[str] = []

    def line(self, key: str, language: str, **values: object) -> Line:
        return self._spoken(key, render(key, language, **values), language)

    def orders(self) -> CallOrder:
        return control.orders(self._ref)

    def spec(self, language: str) -> SessionSpec:
        return spec_for(language, self._content)

    async def attached(self) -> None:
        await units.run(recording.attached, self._ref)

    async def event(
        self,
        kind: CallEvent.Kind,
        *,
        text: str = "",
        is_partial: bool = False,
        detail: dict[str, Any] | None = None,
    ) -> None:
        if kind == CallEvent.Kind.HEARD:
            self._heard = [*self._heard, text][-MAX_LINES:]
        await units.run(
            recording.event,
            self._ref,
            kind,
            text=text,
            is_partial=is_partial,
            is_line=kind == CallEvent.Kind.SAID and self._is_line(text),
            **(detail or {}),
        )

    async def language(self, code: str, by: str) -> None:
        self._language = code
        await units.run(recording.language, self._ref, code, by=by)

    async def open_turn(self) -> int:
        return await units.run(recording.open_turn, self._ref)

    async def perform(
        self, turn: int, ordinal: int, called: provider.ToolCalled
    ) -> ToolAnswer:
        outcome = await units.run(
            tools.perform,
            self._ref,
            turn=turn,
            ordinal=ordinal,
            request=ToolRequest(called.call_id, called.name, called.arguments),
            codes=dict(self._keypad.codes),
        )
        line = None
        if outcome.spoken:
            line = self._spoken(f"tool.{called.name}", outcome.spoken, self._language)
        return ToolAnswer(outcome.output, line, outcome.asks, outcome.transfers)

    async def sends_late(self, called: provider.ToolCalled) -> bool:
        return await units.run(late_results.sends_late, self._ref, called.name)

    async def late(self, turn: int, ordinal: int) -> None:
        await units.run(late_results.send_late, self._ref, turn=turn, ordinal=ordinal)

    async def press(self, digit: str) -> KeyAnswer:
        return self._key_answer(await self._keypad.press(digit))

    async def settle(self) -> KeyAnswer:
        return self._key_answer(await self._keypad.settle())

    async def offer_button(self) -> Line | None:
        text = await units.run(buttons.offer, self._ref)
        if not text:
            return None
        return self._spoken("phone.button_sent", text, self._language)

    async def button(self) -> KeyAnswer | None:
        found = await units.run(self._watch.look)
        return self._key_answer(found) if found else None

    async def check_claim(self, words: str) -> Correction | None:
        found = await units.run(
            unsupported_claims.check,
            self._ref,
            words,
            said=tuple(self._said),
            heard="\n".join(self._heard),
        )
        if found is None:
            return None
        line = self._spoken("phone.correction", found.spoken, found.language)
        return Correction(line, ends_call=found.ends_call)

    async def callback(self, reason: str) -> None:
        await units.run_until_available(open_callback, self._ref, reason)

    async def used(self, response_id: str, usage: provider.CallUsage) -> bool:
        return await units.run_until_available(
            budgets.record_response, self._ref, response_id, usage
        )

    async def transcribed(
        self, item_id: str, usage: provider.TranscriptionUsage
    ) -> bool:
        return await units.run_until_available(
            budgets.record_transcription, self._ref, item_id, usage
        )

    async def apologise(self) -> None:
        await units.run(_apologise, self._ref)

    def _is_line(self, text: str) -> bool:
        words = plain(text).split()
        return any(plain(line).split() == words for line in self._said)

    def _spoken(self, name: str, text: str, language: str) -> Line:
        self._said = [*self._said, text][-MAX_LINES:]
        return Line(name, text, language)

    def _key_answer(self, outcome: KeyOutcome) -> KeyAnswer:
        if outcome.language:
            self._language = outcome.language
        line = None
        if outcome.spoken:
            line = self._spoken(f"key.{outcome.kind}", outcome.spoken, self._language)
        return KeyAnswer(
            kind=outcome.kind,
            line=line,
            note=outcome.note,
            language=outcome.language,
            asks=outcome.asks,
            settles=outcome.settles,
            ends=outcome.ends,
        )


def spec_for(language: str, content: Content) -> SessionSpec:
    """Return the settings of a session, as they are sent with the accept."""
    return SessionSpec(
        model=settings.OPENAI_REALTIME_MODEL,
        instructions=instructions_for(language, content.instructions),
        voice=settings.OPENAI_VOICE,
        tools=tuple(
            VoiceTool(tool.name, tool.description, tool.parameters)
            for tool in tools.offered(content)
        ),
    )


def limits_of(ref: CallRef, *, reattached: bool) -> CallLimits:
    """Return the limits of a call, which count from its beginning."""
    gone = (timezone.now() - ref.received_at).total_seconds() if reattached else 0.0
    return CallLimits(
        soft_s=settings.VOICE_CALL_SOFT_MINUTES * 60.0,
        hard_s=settings.VOICE_CALL_HARD_MINUTES * 60.0,
        fallback=settings.VOICE_FALLBACK_URI or "",
        gone_s=max(0.0, gone),
    )


def _apologise(ref: CallRef) -> None:
    apology.enqueue(Call.objects.select_related("profile").get(pk=ref.pk))

"""A call without a database: the real loop, writer and strict server in virtual time."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.calls.control import CONTINUE, CallOrder
from agents.calls.reference import CallRef
from agents.calls.services import (
    CallLimits,
    Correction,
    KeyAnswer,
    Seconds,
    ToolAnswer,
)
from agents.calls.session_loop import hold
from agents.language.texts import has, render
from agents.realtime.provider import Line
from agents.realtime.session import SessionSpec, VoiceTool
from agents.simulator.realtime_server.replies import FunctionCall, calls
from tests.fakes.realtime_memory import MemoryProvider
from tests.virtual_time import LoopClock, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from agents.calls.reasons import EndReason
    from agents.models import CallEvent
    from agents.realtime.provider import CallUsage, ToolCalled, TranscriptionUsage
    from agents.simulator.realtime_server.call import ServedCall

FALLBACK = "tel:+250788000009"
TOOLS = tuple(
    VoiceTool(name, "A tool.", {"type": "object", "properties": {}})
    for name in ("list_vouchers", "redeem_voucher", "hand_off")
)
OK = ToolAnswer(json.dumps({"success": True}))
LIST, REDEEM = FunctionCall("list_vouchers"), FunctionCall("redeem_voucher")
HAND_OFF = FunctionCall("hand_off")
type Tool = Callable[[], Awaitable[ToolAnswer]]


@dataclass
class MemoryServices:
    """What the rows would hold: entries, effects by their key, and tasks."""

    entries: list[tuple[str, str, bool, dict[str, Any]]] = field(default_factory=list)
    # How often each operation was carried out, by the key of its cause.
    effects: dict[str, int] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    keys: Callable[[str], KeyAnswer] | None = None
    order: CallOrder = CONTINUE
    claims: list[Correction | None] = field(default_factory=list)
    button_line: Line | None = None
    pressed_button: KeyAnswer | None = None
    callbacks: list[str] = field(default_factory=list)
    usage: dict[str, CallUsage] = field(default_factory=dict)
    transcripts: dict[str, TranscriptionUsage] = field(default_factory=dict)
    over_budget: bool = False
    apologies: int = 0
    is_on_whatsapp: bool = True
    settled: int = 0
    look_takes: float = 0.0
    lates: list[tuple[int, int]] = field(default_factory=list)
    digits: list[str] = field(default_factory=list)
    languages: list[tuple[str, str]] = field(default_factory=list)
    turns: int = 0
    attaches: int = 0

    def line(self, key: str, language: str, **values: object) -> Line:
        text = render(key, language, **values) if has(key) else f"{key} {language}"
        return Line(key, text, language)

    def orders(self) -> CallOrder:
        return self.order

    def spec(self, language: str) -> SessionSpec:
        return SessionSpec("gpt-realtime-2", f"Speak {language}.", "marin", TOOLS)

    async def attached(self) -> None:
        self.attaches += 1

    async def event(
        self,
        kind: CallEvent.Kind,
        *,
        text: str = "",
        is_partial: bool = False,
        detail: dict[str, Any] | None = None,
    ) -> None:
        self.entries.append((str(kind), text, is_partial, detail or {}))

    async def language(self, code: str, by: str) -> None:
        self.languages.append((code, by))

    async def open_turn(self) -> int:
        self.turns += 1
        return self.turns

    async def perform(self, turn: int, ordinal: int, called: ToolCalled) -> ToolAnswer:
        tool = self.tools.get(called.name)
        answer = await tool() if tool else OK
        key = f"{turn}:{ordinal}"
        self.effects[key] = self.effects.get(key, 0) + 1
        return answer

    async def sends_late(self, called: ToolCalled) -> bool:
        await asyncio.sleep(self.look_takes)
        return self.is_on_whatsapp

    async def late(self, turn: int, ordinal: int) -> None:
        self.lates.append((turn, ordinal))

    async def press(self, digit: str) -> KeyAnswer:
        self.digits.append(digit)
        return self.keys(digit) if self.keys else KeyAnswer()

    async def settle(self) -> KeyAnswer:
        self.settled += 1
        return KeyAnswer("pin_ok")

    async def offer_button(self) -> Line | None:
        return self.button_line

    async def button(self) -> KeyAnswer | None:
        return self.pressed_button

    async def check_claim(self, words: str) -> Correction | None:
        return self.claims.pop(0) if self.claims else None

    async def callback(self, reason: str) -> None:
        self.callbacks.append(reason)

    async def used(self, response_id: str, usage: CallUsage) -> bool:
        assert response_id not in self.usage
        self.usage[response_id] = usage
        return self.over_budget

    async def transcribed(self, item_id: str, usage: TranscriptionUsage) -> bool:
        self.transcripts[item_id] = usage
        return False

    async def apologise(self) -> None:
        self.apologies += 1

    def of(self, kind: str) -> list[tuple[str, bool]]:
        """Return text and mark of the entries of a kind."""
        return [(text, mark) for name, text, mark, _ in self.entries if name == kind]

    def details(self, kind: str) -> list[dict[str, Any]]:
        return [detail for name, *_, detail in self.entries if name == kind]


def reference(call: ServedCall, language: str = "en") -> CallRef:
    return CallRef(
        pk=1,
        call_id=call.call_id,
        public_id=uuid.uuid4(),
        conversation_id=1,
        profile_id=1,
        subject="aline",
        language=language,
        token=uuid.uuid4(),
        correlation_id=uuid.uuid4(),
        is_synthetic=True,
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@dataclass
class Phone:
    provider: MemoryProvider
    services: MemoryServices
    call: ServedCall
    seconds: Seconds = field(default_factory=Seconds)
    limits: CallLimits = field(default_factory=lambda: CallLimits(fallback=FALLBACK))
    task: asyncio.Task[EndReason | None] | None = None

    def start(self, *, reattached: bool = False) -> asyncio.Task[EndReason | None]:
        self.task = asyncio.create_task(
            hold(
                reference(self.call),
                self.provider,
                self.services,
                reattached=reattached,
                clock=LoopClock(),
                limits=self.limits,
                seconds=self.seconds,
            )
        )
        return self.task

    async def result(self, seconds: float = 2_000) -> EndReason | None:
        assert self.task is not None
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self.task)

    async def greeted(self) -> None:
        """Wait until the caller may speak over the agent."""
        await until(lambda: self.services.details("greeted"))
        # The change that lets the caller interrupt.
        await asyncio.sleep(0.01)

    async def heard(self, words: str) -> None:
        """Wait until the caller heard these words to their end."""
        await until(lambda: any(words in one for one in self.call.heard))

    async def outputs(self, number: int = 1) -> None:
        """Wait until this number of results of tools has arrived."""
        await until(lambda: sum(map(len, self.call.outputs.values())) >= number)

    def asked(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the responses that were asked for and not refused."""
        return [e for e in self.call.received[since:] if e["type"] == "response.create"]

    def lines(self) -> list[str]:
        """Return the fixed lines that were asked for, in order."""
        found = [event["response"]["metadata"].get("line") for event in self.asked()]
        return [name for name in found if name]

    def verbs(self, verb: str) -> int:
        return [one for one, _ in self.provider.requests].count(verb)


@asynccontextmanager
async def phone(
    *,
    limits: CallLimits | None = None,
    checks_tasks: bool = True,
    **more: Any,
) -> AsyncIterator[Phone]:
    """A ringing and accepted call; at the end nothing of it is left."""
    before = asyncio.all_tasks()
    provider, services = MemoryProvider(), MemoryServices()
    call = provider.ring(**more)
    made = Phone(provider, services, call)
    if limits:
        made.limits = limits
    await provider.accept(call.call_id, services.spec("en"))
    try:
        yield made
    finally:
        if made.task and not made.task.done():
            made.task.cancel()
            with suppress(asyncio.CancelledError):
                await made.task
        call.end("test")
        await asyncio.sleep(0)
    assert call.links == [], "a socket is left"
    # Where many calls run side by side, their test looks for tasks.
    assert not checks_tasks or asyncio.all_tasks() == before, "a task is left"
    assert not call.is_corrupted


async def talk(
    made: Phone, words: str = "my vouchers", *functions: FunctionCall
) -> None:
    """Let the caller speak after the greeting, and the model call these tools."""
    made.start()
    await made.greeted()
    made.call.script.append(calls(*(functions or (LIST,))))
    made.call.say(words)

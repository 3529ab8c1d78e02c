"""1,000 random schedules of speech, tools, keys, closes and deaths of the worker.

The loop, the writer, the parser and the strict server are the real ones, in virtual time.
The rows are in memory, with the one rule of the database: a question is answered once.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from agents.calls.reasons import EndReason
from agents.calls.services import KeyAnswer, ToolAnswer
from agents.realtime.provider import Line
from agents.simulator.realtime_server.replies import Reply, calls, says
from tests.agents.calls.virtual_phone import (
    LIST,
    OK,
    REDEEM,
    MemoryServices,
    Phone,
    phone,
)
from tests.virtual_time import run

if TYPE_CHECKING:
    from agents.realtime.provider import ToolCalled
    from agents.simulator.realtime_server.call import ServedCall

SCHEDULES = 1_000
STEPS = 14
QUESTION = Line("tool.redeem_voucher", "Redeem ten thousand francs? Press 1 or 2.")
DONE = Line("key.confirm_yes", "It is redeemed.")
# Refusals that a crossing of two events explains; the loop goes on from both.
CROSSED = {"conversation_already_has_active_response", "response_cancel_not_active"}


@dataclass
class Rows:
    """What is committed, whatever becomes of the worker that asked for it."""

    # Questions by number: waiting, or how it was answered.
    questions: list[str] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)
    # Presses of 1 that found their question waiting.
    confirmed: set[int] = field(default_factory=set)
    threads: set[asyncio.Task[KeyAnswer | ToolAnswer]] = field(default_factory=set)

    async def ask(self) -> ToolAnswer:
        """A write in a thread: a worker's death does not undo it."""
        return await self._in_thread(self._ask())

    async def press(self) -> KeyAnswer:
        return await self._in_thread(self._press())

    async def _ask(self) -> ToolAnswer:
        await asyncio.sleep(self.rng.uniform(0.0, 2.0))
        self.questions.append("waiting")
        return ToolAnswer("{}", line=QUESTION, asks="confirm")

    async def _press(self) -> KeyAnswer:
        await asyncio.sleep(self.rng.uniform(0.0, 1.0))
        waiting = [n for n, state in enumerate(self.questions) if state == "waiting"]
        if not waiting:
            return KeyAnswer()
        number = waiting[-1]
        self.questions[number] = "confirmed"
        self.confirmed.add(number)
        self.effects.append(number)
        return KeyAnswer("confirm_yes", line=DONE, note='{"success": true}')

    async def _in_thread[A: KeyAnswer | ToolAnswer](self, work: object) -> A:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self.threads.add(task)
        task.add_done_callback(self.threads.discard)
        return await asyncio.shield(task)  # type: ignore[no-any-return]

    rng: random.Random = field(default_factory=random.Random)


class Services(MemoryServices):
    rows: Rows

    async def perform(self, turn: int, ordinal: int, called: ToolCalled) -> ToolAnswer:
        key = f"{turn}:{ordinal}:{called.call_id}"
        self.effects[key] = self.effects.get(key, 0) + 1
        if called.name == "redeem_voucher":
            return await self.rows.ask()
        await asyncio.sleep(self.rows.rng.uniform(0.0, 8.0))
        return OK

    async def press(self, digit: str) -> KeyAnswer:
        self.digits.append(digit)
        return await self.rows.press() if digit == "1" else KeyAnswer()


class Schedule:
    """One call, and what chance does to it."""

    def __init__(self, seed: int, made: Phone) -> None:
        self.rng = random.Random(seed)
        self.made = made
        self.call: ServedCall = made.call
        self.rows = Rows(rng=self.rng)
        services = Services()
        services.rows = self.rows
        made.services = services
        self.call.responder = lambda *_: self._reply()
        self.most_active = 0
        self.deaths = self.drops = 0

    def _reply(self) -> Reply:
        self._count_active()
        return self.rng.choice(
            [
                says("You have two vouchers of ten thousand francs."),
                calls(LIST),
                calls(REDEEM),
                calls(REDEEM),
                calls(LIST, LIST, words="One moment."),
                calls(REDEEM, status="incomplete", reason="max_output_tokens"),
                Reply(status="failed", error="server_error"),
            ]
        )

    def _count_active(self) -> None:
        active = sum(one.is_active for one in self.call.responses)
        self.most_active = max(self.most_active, active)

    async def run(self) -> EndReason | None:
        self.made.start()
        await asyncio.sleep(self.rng.uniform(0.0, 12.0))
        for _ in range(STEPS):
            if self.made.task is None or self.made.task.done():
                break
            await self._step()
            await asyncio.sleep(self.rng.choice([0.0, 0.05, 0.3, 1.0, 3.0]))
            self._count_active()
        if self.call.activity.is_speaking:
            self.call.stop_speaking("goodbye")
        if self.rng.random() < 0.8:
            self.call.leave(self.rng.choice([1000, 1005, 1006, 1011]))
        reason = await self.made.result()
        await self._threads_end()
        return reason

    async def _step(self) -> None:
        if "waiting" in self.rows.questions and self.rng.random() < 0.4:
            self.call.press("1")
            return
        action = self.rng.choices(
            [
                self._speak, self._press, self._drop, self._die, self._transcribe,
                self._mumble,
            ],
            weights=[8, 5, 1, 1, 2, 2],
        )[0]  # fmt: skip
        await action()

    async def _speak(self) -> None:
        if self.call.activity.is_speaking:
            self.call.stop_speaking(
                "my vouchers", transcript_after=self.rng.choice([0.0, 4.0, None])
            )
        else:
            self.call.start_speaking()

    async def _mumble(self) -> None:
        if not self.call.activity.is_speaking:
            self.call.say("")

    async def _press(self) -> None:
        self.call.press(self.rng.choice(["1", "1", "2", "11"]))

    async def _drop(self) -> None:
        self.drops += 1
        self.call.drop(self.rng.choice([1001, 1006, 1011]))

    async def _die(self) -> None:
        """The worker is killed; another one takes the call over, once."""
        task = self.made.task
        if self.deaths or task is None:
            return
        self.deaths += 1
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        self.made.start(reattached=True)

    async def _transcribe(self) -> None:
        self.call.activity.transcribe("item_unknown", "late words")

    async def _threads_end(self) -> None:
        while self.rows.threads:
            await asyncio.gather(*self.rows.threads, return_exceptions=True)

    def check(self, reason: EndReason | None) -> None:
        call, services = self.call, self.made.services
        assert isinstance(reason, EndReason)
        assert call.state == "ended"
        assert self.most_active <= 1
        assert {one["code"] for one in call.refusals} <= CROSSED, call.refusals
        # Refused is only what crossed a response that the loop could not know of.
        codes = [one["code"] for one in call.refusals]
        silences = sum(one["type"].endswith("timeout_triggered") for one in call.sent)
        unknown = silences + self.deaths + self.drops
        assert codes.count("conversation_already_has_active_response") <= unknown
        # Every confirmed question has one effect, and nothing else has one.
        assert sorted(self.rows.effects) == sorted(self.rows.confirmed)
        # A call of the model is carried out once, and answered at most once.
        assert set(services.effects.values()) <= {1}
        assert all(len(one) <= 1 for one in call.outputs.values())
        assert self.made.verbs("hangup") >= 1


async def _run_schedules(seeds: range) -> dict[str, int]:
    found: dict[str, int] = {}

    async def one(seed: int) -> None:
        async with phone(checks_tasks=False) as made:
            schedule = Schedule(seed, made)
            # Looking for orders is most of what a quiet call does.
            made.seconds.orders = 7.0
            reason = await schedule.run()
            try:
                schedule.check(reason)
            except AssertionError as error:
                raise AssertionError(f"schedule {seed}: {error}") from error
            found[str(reason)] = found.get(str(reason), 0) + 1
            found["effects"] = found.get("effects", 0) + len(schedule.rows.effects)
            found["deaths"] = found.get("deaths", 0) + schedule.deaths

    before = asyncio.all_tasks()
    async with asyncio.TaskGroup() as group:
        for seed in seeds:
            group.create_task(one(seed))
    assert asyncio.all_tasks() == before, "tasks are left"
    return found


@pytest.mark.parametrize("part", range(4))
def test_random_schedules__each_confirmed_action__has_one_effect(part: int) -> None:
    # When
    size = SCHEDULES // 4
    found = run(_run_schedules(range(part * size, (part + 1) * size)))

    # Then: the schedules reach what they are to test.
    assert found["effects"] > size / 10
    assert found["deaths"] > size / 10
    assert found[EndReason.CALLER_HUNG_UP] > size / 10

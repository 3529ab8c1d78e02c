from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models.functions import Now

from agents.core.errors import LeaseLost
from agents.models import HandOff, ToolCall, Turn
from agents.turns import claim, lease
from agents.turns.claim import QuietTimeLeft
from agents.turns.quiet_time import Timing
from tests.agents.turns.conftest import QUICK, Person, asked, in_database, jobs, turn
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI

type Begun = tuple[lease.Lease, Turn, object] | QuietTimeLeft | None
ORDER = "create voucher 5000 for +250788100001"
ARGUMENTS = {"amount": 5000, "currency": None, "customer_msisdn": "+250788100001"}
CALL = say.call("create_voucher", **ARGUMENTS)


def end_lease(person: Person) -> None:
    person.chat.turns.update(lease_expires_at=Now() - timedelta(seconds=1))


async def test_run_turn__stopped_after_the_effect__resumes_with_its_receipt(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given: the tool has committed, the model is asked for its text
    openai.script(CALL, say.hang())
    await in_database(cast.diane.writes, ORDER)
    first = asyncio.create_task(turn(cast.diane, online))
    await asked(openai, 2)

    # When
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert ("agents.tasks.turn", cast.diane.chat.pk) in await in_database(jobs)
    openai.script(say.text("Done."))
    await turn(cast.diane, online)

    # Then
    [voucher] = await in_database(lambda: cast.aline.vouchers)
    [reply] = await in_database(lambda: cast.diane.replies)
    [done] = await in_database(lambda: cast.diane.turns)
    assert f"{{code:{voucher.public_id}}}" in reply.body
    assert (done.outcome, done.attempts) == ("receipt", 2)
    last = openai.requests[-1].body["input"]
    assert any(item.get("type") == "function_call_output" for item in last)
    assert await in_database(ToolCall.objects.count) == 1


async def test_run_turn__stopped_before_the_model_answered__loses_nothing(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    openai.script(say.hang())
    await in_database(cast.diane.writes, "hello")
    first = asyncio.create_task(turn(cast.diane, online))
    await asked(openai, 1)

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    openai.script(say.text("Hello."))
    await turn(cast.diane, online)

    [reply] = await in_database(lambda: cast.diane.replies)
    assert reply.body == "Hello."


async def test_run_turn__row_written_but_effect_lost__makes_the_call_once(
    cast: Cast,
    online: TurnDependencies,
    openai: FakeOpenAI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given: the worker dies between the call's row and its effect
    openai.script(CALL)
    await in_database(cast.diane.writes, ORDER)

    def die(*_: object, **__: object) -> None:
        raise LeaseLost

    with monkeypatch.context() as patch:
        patch.setattr("agents.turns.tool_calls.perform", die)
        await turn(cast.diane, online)
    call = await in_database(ToolCall.objects.get)
    assert call.status == ToolCall.Status.STARTED
    assert await in_database(lambda: cast.aline.vouchers) == []

    # When
    await in_database(end_lease, cast.diane)
    openai.script(say.text("Done."))
    await turn(cast.diane, online)

    # Then
    assert len(await in_database(lambda: cast.aline.vouchers)) == 1
    assert len(await in_database(lambda: cast.diane.replies)) == 1


async def test_run_turn__lease_still_held__leaves_the_turn_alone(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    openai.script(say.text("Hello.", held=True))
    await in_database(cast.diane.writes, "hello")
    first = asyncio.create_task(turn(cast.diane, online))
    await asked(openai, 1)

    assert await turn(cast.diane, online) == []
    openai.release()

    assert len(await first) == 1
    openai.assert_complete()


async def test_run_turn__lease_lost__writes_nothing(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given: the first worker waits for the model while its lease ends
    openai.script(replace(CALL, held=True))
    await in_database(cast.diane.writes, ORDER)
    first = asyncio.create_task(turn(cast.diane, online))
    await asked(openai, 1)
    await in_database(end_lease, cast.diane)

    # When: a second one takes over and finishes before the first continues
    openai.script(CALL, say.text("Done."))
    sent = await turn(cast.diane, online)
    openai.release()

    # Then
    assert await first == []
    [reply] = await in_database(lambda: cast.diane.replies)
    assert sent == [reply.pk]
    assert len(await in_database(lambda: cast.aline.vouchers)) == 1
    assert await in_database(ToolCall.objects.count) == 1


async def test_run_turn__other_arguments_under_a_used_key__refuses_and_hands_over(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given: a turn whose first call has another amount on its row
    openai.script(CALL, say.hang())
    await in_database(cast.diane.writes, ORDER)
    first = asyncio.create_task(turn(cast.diane, online))
    await asked(openai, 2)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await in_database(
        ToolCall.objects.update, arguments={"amount": 4000}, status="started"
    )
    await in_database(Turn.objects.update, items=_items_of_call())

    # When
    openai.script(say.text("I could not do that."))
    await turn(cast.diane, online)

    # Then
    assert len(await in_database(lambda: cast.aline.vouchers)) == 1
    opened = await in_database(HandOff.objects.get)
    assert opened.kind == HandOff.Kind.KEY_REUSED


def _items_of_call() -> list[dict[str, object]]:
    [item] = CALL.output
    return [{key: item[key] for key in ("type", "call_id", "name", "arguments")}]


async def test_run_turn__too_many_attempts__handoff_opened(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.hang())
    await in_database(cast.diane.writes, "hello")
    first = asyncio.create_task(turn(cast.diane, online))
    await asked(openai, 1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await in_database(Turn.objects.update, attempts=QUICK.attempts)

    # When
    assert await turn(cast.diane, online) == []

    # Then
    [done] = await in_database(lambda: cast.diane.turns)
    assert (done.status, done.error_code) == (Turn.Status.FAILED, "gave_up")
    assert await in_database(HandOff.objects.count) == 1


async def test_take_over__twelve_workers_at_once__one_wins(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    await in_database(cast.diane.writes, "hello")
    begun = await in_database(_begin, cast.diane)
    assert begun is not None
    await in_database(end_lease, cast.diane)

    # When
    taken = await asyncio.gather(*(in_database(_begin, cast.diane) for _ in range(12)))

    # Then
    assert sum(one is not None for one in taken) == 1
    turn_row = await in_database(Turn.objects.get)
    assert turn_row.attempts == 2


async def test_start_or_resume__twelve_workers_at_once__open_one_turn(
    cast: Cast,
) -> None:
    await in_database(cast.diane.writes, "hello")

    taken = await asyncio.gather(*(in_database(_begin, cast.diane) for _ in range(12)))

    assert sum(one is not None for one in taken) == 1
    assert await in_database(Turn.objects.count) == 1


async def test_keep_renewed__lease_lost__stops_the_worker(cast: Cast) -> None:
    # Given
    quick = Timing(renew=0.05)
    await in_database(cast.diane.writes, "hello")
    held, _, _ = await in_database(_begin, cast.diane)
    await in_database(Turn.objects.update, lease_token=uuid.uuid4())

    # Then
    with pytest.raises(LeaseLost):
        async with lease.keep_renewed(held, quick):
            await asyncio.sleep(90)


async def test_keep_renewed__while_working__renews(cast: Cast) -> None:
    quick = Timing(renew=0.05, lease=60.0)
    await in_database(cast.diane.writes, "hello")
    held, _, _ = await in_database(_begin, cast.diane)
    await in_database(end_lease, cast.diane)
    ended_at = (await in_database(Turn.objects.get)).lease_expires_at

    async with lease.keep_renewed(held, quick), asyncio.timeout(90):
        row = await in_database(Turn.objects.get)
        while row.lease_expires_at == ended_at:
            await asyncio.sleep(0.01)
            row = await in_database(Turn.objects.get)

    assert row.lease_expires_at > ended_at + timedelta(seconds=60)
    assert row.pk == held.turn_id


def _begin(person: Person) -> Begun:
    return claim.start_or_resume(conversation_id=person.chat.pk, timing=QUICK)

"""A call whose connection, lease or session is lost."""

from __future__ import annotations

import asyncio

import pytest

from agents.calls.reasons import EndReason
from agents.calls.services import CallLimits, ToolAnswer
from agents.core.errors import LeaseLost
from agents.realtime import sideband
from agents.realtime.provider import ProviderError
from agents.simulator.realtime_server.replies import calls, says
from agents.simulator.realtime_server.response import ServedResponse
from tests.agents.calls.virtual_phone import LIST, OK, REDEEM, phone, talk
from tests.virtual_time import in_virtual_time, until


@in_virtual_time
async def test_session__60_minutes__ends_as_such() -> None:
    async with phone(limits=CallLimits(soft_s=9e9, hard_s=9e9)) as made:
        made.start()
        await made.greeted()

        made.call.expire()

        assert await made.result() is EndReason.SESSION_LIMIT
        assert made.services.details("error")[0]["code"] == "session_expired"


@in_virtual_time
async def test_connection__lost_twice__is_given_up_with_an_apology() -> None:
    async with phone() as made:
        made.start()
        await made.greeted()
        made.call.drop(1006)
        await made.heard("I am back")

        made.call.drop(1011)

        assert await made.result() is EndReason.CONNECTION_LOST
        assert made.services.apologies == 1
        assert made.call.ended_by == "hangup"


@in_virtual_time
async def test_connection__lost_before_the_greeting_ended__greets_again() -> None:
    async with phone() as made:
        made.start()
        await until(lambda: made.call.playing)

        made.call.drop(1006)
        await until(lambda: made.lines().count("phone.greeting") == 2)
        await made.heard("automated assistant")

        assert made.task
        assert not made.task.done()


@in_virtual_time
async def test_connection__lost_during_a_tool__its_result_is_sent_afterwards() -> None:
    async with phone() as made:
        # Given
        async def slow() -> ToolAnswer:
            await asyncio.sleep(2)
            return OK

        made.services.tools["redeem_voucher"] = slow
        made.provider.delays["sideband"] = 2.5
        await talk(made, "redeem it", REDEEM)
        await until(lambda: made.services.turns)
        await asyncio.sleep(0.5)

        # When
        made.call.drop(1006)
        await made.outputs()

        # Then
        assert made.services.effects == {"1:0": 1}
        assert [*made.call.outputs.values()] == [[OK.output]]


@in_virtual_time
async def test_tools__announced_twice__are_carried_out_once() -> None:
    async with phone() as made:
        await talk(made)
        await made.outputs()

        # The end of the response comes again, as after a connection that was lost.
        done = next(one for one in made.call.responses if one.reply.calls)
        done._emit("response.done", response=done._body("completed"))
        await asyncio.sleep(3)

        assert made.services.effects == {"1:0": 1}
        assert [len(one) for one in made.call.outputs.values()] == [1]


@in_virtual_time
async def test_connection__more_events_than_fit__ends_visibly() -> None:
    async with phone() as made:
        made.start()
        await made.greeted()

        made.call.press("5" * (sideband.MAX_EVENTS + 50))

        assert await made.result() is EndReason.OVERFLOW
        assert {"code": "overflow"} in made.services.details("error")
        assert made.call.ended_by == "hangup"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProviderError("sideband_500", status=500), EndReason.CONNECTION_LOST),
        (ProviderError("sideband_401", status=401), EndReason.CONNECTION_LOST),
    ],
)
@in_virtual_time
async def test_attach__fails__is_hung_up_with_an_apology(
    error: ProviderError, reason: EndReason
) -> None:
    async with phone() as made:
        made.provider.failures["sideband"] = [error]
        made.start()

        assert await made.result() is reason
        assert made.call.ended_by == "hangup"
        assert made.services.apologies == 1


@in_virtual_time
async def test_hang_up__refused_by_the_provider__still_ends_the_loop() -> None:
    async with phone() as made:
        made.provider.failures["hangup"] = [ProviderError("server_error", status=500)]
        made.start()
        await made.greeted()
        made.call.leave()

        assert await made.result() is EndReason.CALLER_HUNG_UP


@in_virtual_time
async def test_lease__lost__stops_at_once_and_hangs_nothing_up() -> None:
    async with phone() as made:

        async def lost() -> None:
            raise LeaseLost

        made.services.attached = lost  # type: ignore[method-assign]
        made.start()

        with pytest.raises(LeaseLost):
            await made.result()
        assert made.call.state == "accepted"
        assert made.verbs("hangup") == 0


@in_virtual_time
async def test_responses__provider_repeats_no_metadata__are_known_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = ServedResponse._body
    monkeypatch.setattr(
        ServedResponse, "_body", lambda *given: body(*given) | {"metadata": None}
    )
    async with phone() as made:
        # Given
        made.start()
        await made.greeted()
        began = asyncio.get_running_loop().time()

        # When
        made.call.script += [calls(LIST), says("Two vouchers.")]
        made.call.say("my vouchers")
        await made.heard("Two vouchers.")

        # Then: no answer was given up, and the closing words are played to their end
        assert asyncio.get_running_loop().time() - began < 10
        assert await made.result() is EndReason.SILENCE
        assert "so I end the call" in made.call.heard[-1]
        assert made.services.details("error") == []
        assert made.call.refusals == []

"""What others reported of agents on the phone: each report is a test.

The numbers are those of the list of known faults; 13 and 14 (one accept for a webhook
that is delivered twice) are in `test_job.py`, 12 (no trace of a PIN) in the canaries.
"""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from agents.calls.reasons import EndReason
from agents.calls.services import CallLimits, Correction, KeyAnswer, ToolAnswer
from agents.realtime.provider import Line, ProviderError
from agents.simulator.realtime_server.replies import (
    Reply,
    says,
)
from tests.agents.calls import test_more_reports
from tests.agents.calls.virtual_phone import (
    HAND_OFF,
    OK,
    REDEEM,
    phone,
    talk,
)
from tests.virtual_time import in_virtual_time, until


async def slow_tool(seconds: float = 3.0) -> ToolAnswer:
    await asyncio.sleep(seconds)
    return OK


@pytest.mark.parametrize("is_known", [True, False])
@in_virtual_time
async def test_report_1__a_response_is_active__one_more_is_asked_after_it(
    *, is_known: bool
) -> None:
    async with phone() as made:
        # Given: a response of the provider's own, which our event may cross.
        made.services.tools["list_vouchers"] = slow_tool
        await talk(made)
        await until(lambda: made.services.turns)
        await asyncio.sleep(0.3)
        links = made.call.links if is_known else []
        made.call.links, kept = links, made.call.links
        made.call.respond({}, says("One moment.", is_held=True))
        made.call.links = kept
        before = len(made.call.received)

        # When
        await made.outputs()
        await asyncio.sleep(1)
        refused = len(made.call.refusals)
        made.call.script.append(says("Two vouchers."))
        made.call.release()
        await made.heard("Two vouchers.")

        # Then
        assert refused == (0 if is_known else 1)
        assert len(made.asked(before)) == refused + 1
        assert len(made.call.refusals) == refused


@in_virtual_time
async def test_report_2_and_3__barge_in_during_a_tool__one_effect_and_one_output() -> (
    None
):
    async with phone() as made:
        # Given
        made.services.tools["redeem_voucher"] = slow_tool
        await talk(made, "redeem it", REDEEM)
        await until(lambda: made.services.turns)
        await asyncio.sleep(0.3)

        # When
        for _ in range(3):
            made.call.say("hello?")
            await asyncio.sleep(0.2)
        await made.outputs()
        await asyncio.sleep(5)

        # Then
        assert list(made.services.effects.values()) == [1]
        assert [len(one) for one in made.call.outputs.values()] == [1]
        assert made.call.refusals == []


@in_virtual_time
async def test_report_4__output_while_the_caller_speaks__is_sent_and_the_response_waits() -> (
    None
):
    async with phone() as made:
        # Given
        made.services.tools["list_vouchers"] = slow_tool
        await talk(made)
        await until(lambda: made.services.turns)
        await asyncio.sleep(0.3)
        made.call.start_speaking()
        before = len(made.call.received)

        # When
        await made.outputs()
        await asyncio.sleep(3)

        # Then
        assert made.asked(before) == []
        made.call.script.append(says("Two vouchers."))
        made.call.stop_speaking("and how much")
        await made.heard("Two vouchers.")
        assert len(made.asked(before)) == 1


@in_virtual_time
async def test_report_5__goodbye__is_played_to_its_end_before_the_hang_up() -> None:
    async with phone(limits=CallLimits(hard_s=20, soft_s=20)) as made:
        # Given
        made.start()
        await made.greeted()
        made.call.say("good morning")

        # When
        assert await made.result() is EndReason.HARD_LIMIT

        # Then
        assert made.call.responses[-1].was_heard
        assert "The time for this call is over" in made.call.heard[-1]
        assert made.call.ended_by == "hangup"


@in_virtual_time
async def test_report_5__goodbye_that_never_ends__is_hung_up_after_12_seconds() -> None:
    async with phone(limits=CallLimits(hard_s=20, soft_s=20)) as made:
        # Given
        made.start()
        await made.greeted()
        original = made.call._reply
        endless = partial(Reply, playback_seconds=float("inf"))
        made.call._reply = (  # type: ignore[method-assign]
            lambda parameters: endless(original(parameters).words)
        )

        # When
        began = asyncio.get_running_loop().time()
        assert await made.result() is EndReason.HARD_LIMIT

        # Then
        lasted = asyncio.get_running_loop().time() - began
        assert lasted < 20 + 12 + 7
        assert made.call.ended_by == "hangup"


@in_virtual_time
async def test_report_6_and_8__the_caller_hung_up__rest_hangs_up_too_and_404_is_success() -> (
    None
):
    async with phone() as made:
        made.start()
        await made.greeted()

        made.call.leave()

        assert await made.result() is EndReason.CALLER_HUNG_UP
        assert made.verbs("hangup") == 1
        assert made.call.ended_by == "caller"


@in_virtual_time
async def test_report_7__1000_calls__leave_no_task_socket_or_write() -> None:
    # Given
    before = asyncio.all_tasks()

    async def one(number: int) -> EndReason | None:
        async with phone(checks_tasks=False) as made:
            made.seconds.orders = 7.0
            made.start()
            await asyncio.sleep(1 + number % 20)
            made.call.leave(1000 if number % 2 else 1006)
            return await made.result()

    # When
    found = await asyncio.gather(*(one(number) for number in range(1_000)))

    # Then
    assert set(found) == {EndReason.CALLER_HUNG_UP}
    assert asyncio.all_tasks() == before


@in_virtual_time
async def test_report_9__refer_without_effect__is_told_after_10_seconds_with_a_task() -> (
    None
):
    async with phone(transfer_works=False) as made:
        # Given
        made.services.tools["hand_off"] = lambda: answer(
            ToolAnswer("{}", transfers=True)
        )
        await talk(made, "a person please", HAND_OFF)

        # When
        await until(lambda: made.call.transfers)
        began = asyncio.get_running_loop().time()
        await made.heard("I could not reach a person now")

        # Then
        assert 10 <= asyncio.get_running_loop().time() - began < 20
        assert made.services.callbacks == ["transfer_failed"]
        assert made.call.state == "accepted"
        assert made.lines()[:2] == ["phone.greeting", "phone.transfer"]


@pytest.mark.parametrize("status", [404, 429, 500])
@in_virtual_time
async def test_report_9__refer_refused__is_told_at_once_with_a_task(
    status: int,
) -> None:
    async with phone() as made:
        made.services.tools["hand_off"] = lambda: answer(
            ToolAnswer("{}", transfers=True)
        )
        made.provider.failures["refer"] = [ProviderError("x", status=status)]
        await talk(made, "a person please", HAND_OFF)

        await made.heard("I could not reach a person now")

        assert made.services.callbacks == ["transfer_failed"]


async def answer(found: ToolAnswer) -> ToolAnswer:
    return found


@in_virtual_time
async def test_transfer__announced_then_referred__ends_as_transferred() -> None:
    async with phone() as made:
        made.services.tools["hand_off"] = lambda: answer(
            ToolAnswer("{}", transfers=True)
        )
        await talk(made, "a person please", HAND_OFF)

        assert await made.result() is EndReason.TRANSFERRED

        assert "putting you through" in made.call.heard[-1]
        assert made.call.transfers == ["tel:+250788000009"]
        assert made.services.callbacks == []


@in_virtual_time
async def test_transfer__no_fallback__is_a_callback_and_the_call_goes_on() -> None:
    async with phone(limits=CallLimits()) as made:
        made.services.tools["hand_off"] = lambda: answer(
            ToolAnswer("{}", transfers=True)
        )
        await talk(made, "a person please", HAND_OFF)

        await made.heard("a person should call you back")

        assert made.services.callbacks == ["no_fallback"]
        assert made.call.transfers == []


@in_virtual_time
async def test_report_10__a_claim_without_a_tool__is_corrected_and_ends_the_second_time() -> (
    None
):
    async with phone() as made:
        # Given
        first, second = Line("first", "I have to correct myself."), Line("last", "Bye.")
        made.services.claims = [
            Correction(first),
            Correction(second, ends_call=True),
        ]
        made.start()
        await made.greeted()

        # When
        made.call.script.append(says("I am transferring you now to a colleague."))
        made.call.say("hello")
        await made.heard("I have to correct myself.")
        made.call.script.append(says("I am transferring you now to a colleague."))
        made.call.say("really?")

        # Then
        assert await made.result() is EndReason.UNSUPPORTED_CLAIMS
        assert made.call.heard[-1] == "Bye."
        assert not any("transferring" in words for words in made.call.heard)
        assert made.services.claims == []


@in_virtual_time
async def test_report_10__other_tools_than_ours__never_greet() -> None:
    async with phone() as made:
        # Given
        made.call.session["tools"] = []
        update = made.call._take_session
        made.call._take_session = (  # type: ignore[method-assign]
            lambda session: update(session | {"tools": []})
        )

        # When
        made.start()

        # Then
        assert await made.result() is EndReason.SESSION_ERROR
        assert made.call.heard == []
        assert made.services.apologies == 1


@in_virtual_time
async def test_report_11__no_key_in_8_seconds__offers_the_button_once() -> None:
    async with phone() as made:
        # Given
        question = Line("phone.pin_needed", "Please enter your PIN.")
        made.services.tools["list_vouchers"] = lambda: answer(
            ToolAnswer("{}", line=question, asks="pin")
        )
        made.services.button_line = Line("phone.button_sent", "I have sent a message.")
        await talk(made)
        await made.heard("Please enter your PIN.")
        began = asyncio.get_running_loop().time()

        # When
        await until(lambda: "phone.button_sent" in made.lines())

        # Then
        assert 7.9 <= asyncio.get_running_loop().time() - began < 9
        await made.heard("I have sent a message.")
        made.services.pressed_button = KeyAnswer("pin_ok", note="Verified.")
        made.call.script.append(says("You have two vouchers."))
        await made.heard("You have two vouchers.")
        assert made.lines().count("phone.button_sent") == 1


@in_virtual_time
async def test_report_11__keys_in_time__need_no_button() -> None:
    async with phone() as made:
        # Given
        question = Line("phone.pin_needed", "Please enter your PIN.")
        made.services.tools["list_vouchers"] = lambda: answer(
            ToolAnswer("{}", line=question, asks="pin")
        )
        made.services.button_line = Line("phone.button_sent", "I have sent a message.")
        made.services.keys = lambda digit: (
            KeyAnswer("pin_ok", note="Verified.") if digit == "#" else KeyAnswer()
        )
        await talk(made)
        await made.heard("Please enter your PIN.")

        # When
        made.call.script.append(says("You have two vouchers."))
        made.call.press("1177#")
        await made.heard("You have two vouchers.")
        await asyncio.sleep(9)

        # Then
        assert made.services.digits == list("1177#")
        assert "phone.button_sent" not in made.lines()
        assert len(made.services.of("key")) == 5


def test_all_reports__have_a_test_here_or_where_it_is_said() -> None:
    names = " ".join(
        name
        for module in (globals(), vars(test_more_reports))
        for name in module
        if name.startswith("test_report_")
    )
    elsewhere = {12, 13, 14}
    found = {
        int(part)
        for name in names.split()
        for part in name.removeprefix("test_report_").split("__")[0].split("_and_")
    }
    assert found | elsewhere == set(range(1, 25))

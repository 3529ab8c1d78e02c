"""Limits, orders, languages, slow tools and lost connections of a running call."""

from __future__ import annotations

import asyncio

import pytest

from agents.calls.control import Action, CallOrder
from agents.calls.keypad import SETTLES_AFTER_S
from agents.calls.reasons import EndReason
from agents.calls.services import CallLimits, KeyAnswer, Seconds, ToolAnswer
from agents.calls.tool_rounds import PENDING, PENDING_UNSENT, UNAVAILABLE
from agents.realtime.provider import Line
from agents.simulator.realtime_server.replies import Reply, calls, says
from tests.agents.calls.virtual_phone import LIST, OK, REDEEM, Phone, phone, talk
from tests.virtual_time import in_virtual_time, until


def now() -> float:
    return asyncio.get_running_loop().time()


async def keep_talking(made: Phone) -> None:
    """A caller who says something every few seconds."""
    while made.call.state == "accepted":
        made.call.say("and what else")
        await asyncio.sleep(7)


@in_virtual_time
async def test_limits__soft_and_hard__are_announced_and_kept() -> None:
    limits = CallLimits(soft_s=60, hard_s=240)
    async with phone(limits=limits) as made:
        # Given
        began = now()
        made.start()
        await made.greeted()
        talking = asyncio.create_task(keep_talking(made))

        # When
        await made.heard("This call can last 3 more minutes")
        soft = now() - began
        reason = await made.result()

        # Then
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        assert reason is EndReason.HARD_LIMIT
        assert 60 <= soft < 75
        assert 240 <= now() - began < 262
        assert made.call.heard[-1].startswith("The time for this call is over")


@pytest.mark.parametrize("fallback", ["", "tel:+250788000009"])
@pytest.mark.parametrize("state", ["idle", "speaking", "caller speaks", "greeting"])
@in_virtual_time
async def test_orders__close__ends_within_20_seconds_whatever_goes_on(
    fallback: str, state: str
) -> None:
    async with phone(limits=CallLimits(fallback=fallback)) as made:
        # Given
        made.start()
        if state != "greeting":
            await made.greeted()
        if state == "speaking":
            made.call.script.append(says("word " * 200))
            made.call.say("tell me everything")
            await until(lambda: made.call.playing)
        if state == "caller speaks":
            made.call.start_speaking()

        # When
        made.services.order = CallOrder(
            Action.CLOSE, EndReason.VOICE_OFF, transfers=True, within_s=20.0
        )
        began = now()
        reason = await made.result()

        # Then
        assert reason is EndReason.VOICE_OFF
        assert now() - began <= 20
        assert "switched off" in made.call.heard[-1]
        assert made.call.ended_by == ("transfer" if fallback else "hangup")
        assert made.services.details("order") == [{"reason": "voice_off"}]


@in_virtual_time
async def test_orders__close__begins_no_tool_any_more() -> None:
    async with phone() as made:
        # Given
        made.start()
        await made.greeted()
        made.call.script.append(calls(REDEEM, is_held=True))
        made.call.say("redeem it")
        await until(lambda: made.call.is_responding)

        # When
        made.services.order = CallOrder(Action.CLOSE, EndReason.VOICE_OFF)
        await asyncio.sleep(1.5)
        made.call.release()
        reason = await made.result()

        # Then
        assert reason is EndReason.VOICE_OFF
        assert made.services.effects == {}


@in_virtual_time
async def test_orders__hand_over__leaves_the_call_open_for_another_worker() -> None:
    async with phone() as made:
        # Given
        made.start()
        await made.greeted()

        # When
        made.services.order = CallOrder(Action.HAND_OVER, EndReason.DRAINED)
        assert await made.result() is None

        # Then
        assert made.call.state == "accepted"
        assert made.verbs("hangup") == 0
        made.services.order = CallOrder(Action.CONTINUE)
        made.start(reattached=True)
        await made.heard("I am back")
        made.call.script.append(says("Two vouchers."))
        made.call.say("my vouchers")
        await made.heard("Two vouchers.")


@pytest.mark.parametrize(
    ("is_on_whatsapp", "look_takes", "promise", "output"),
    [
        (True, 0.0, "I will send it to you on WhatsApp", PENDING),
        (False, 0.0, "Please ask me again in a moment", PENDING_UNSENT),
        # What makes the tool slow makes the look slow too.
        (True, 30.0, "Please ask me again in a moment", PENDING_UNSENT),
    ],
)
@in_virtual_time
async def test_tools__slower_than_6_seconds__whatsapp_is_promised_only_where_it_is_true(
    *, is_on_whatsapp: bool, look_takes: float, promise: str, output: str
) -> None:
    async with phone() as made:
        # Given
        made.services.is_on_whatsapp = is_on_whatsapp
        made.services.look_takes = look_takes

        async def slow() -> ToolAnswer:
            await asyncio.sleep(9)
            return OK

        made.services.tools["list_vouchers"] = slow
        await talk(made)
        await until(lambda: made.services.turns)
        began = now()

        # When
        await made.heard(promise)

        # Then
        assert 5.5 < now() - began < 12
        [outputs] = made.call.outputs.values()
        assert outputs == [output]
        await until(lambda: made.services.lates)
        assert made.services.effects == {"1:0": 1}
        assert made.services.lates == [(1, 0)]


@in_virtual_time
async def test_keys__an_entry_that_may_be_complete__ends_after_a_pause() -> None:
    async with phone() as made:
        made.services.keys = lambda _: KeyAnswer("digit", settles=True)
        made.start()
        await made.greeted()
        for keys in ("1234", "5"):
            made.call.press(keys)
            await asyncio.sleep(Seconds().entry - 0.3)
        assert made.services.settled == 0

        await asyncio.sleep(1)

        assert made.services.settled == 1
        assert Seconds().entry == SETTLES_AFTER_S


@in_virtual_time
async def test_tools__one_that_raises__is_unavailable_and_the_call_goes_on() -> None:
    async with phone() as made:

        async def broken() -> ToolAnswer:
            raise RuntimeError

        made.services.tools["list_vouchers"] = broken
        await talk(made)
        made.call.script.append(says("I cannot look that up now."))

        await made.heard("I cannot look that up now.")

        assert [*made.call.outputs.values()] == [[UNAVAILABLE]]


@in_virtual_time
async def test_tools__several_in_one_response__are_answered_in_order_with_one_response() -> (
    None
):
    async with phone() as made:
        before = 0
        await talk(made, "everything", LIST, LIST, LIST)
        made.call.script.append(says("Here is all."))
        await made.heard("Here is all.")

        kinds = [event["type"] for event in made.call.received[before:]]
        last = len(kinds) - 1 - kinds[::-1].index("conversation.item.create")
        assert kinds[last:].count("response.create") == 1
        assert kinds[last - 2 : last + 1] == ["conversation.item.create"] * 3
        assert sorted(made.services.effects) == ["1:0", "1:1", "1:2"]


@in_virtual_time
async def test_tools__the_caller_hangs_up_meanwhile__end_before_the_call_does() -> None:
    async with phone() as made:

        async def slow() -> ToolAnswer:
            await asyncio.sleep(4)
            return OK

        made.services.tools["redeem_voucher"] = slow
        await talk(made, "redeem it", REDEEM)
        await until(lambda: made.services.turns)
        await asyncio.sleep(0.5)

        made.call.leave()

        assert await made.result() is EndReason.CALLER_HUNG_UP
        assert made.services.effects == {"1:0": 1}


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("bonjour je voudrais voir mes bons s'il vous plaît", "fr"),
        ("hello I would like to see my vouchers please", "en"),
        ("habari naomba kuona vocha zangu tafadhali", "sw"),
    ],
)
@in_virtual_time
async def test_language__the_callers_words__change_it(
    words: str, language: str
) -> None:
    async with phone() as made:
        made.start()
        await made.greeted()

        made.call.say(words)
        await asyncio.sleep(3)

        expected = [] if language == "en" else [(language, "words")]
        assert made.services.languages == expected
        assert made.call.session["instructions"] == f"Speak {language}."


@in_virtual_time
async def test_language__the_words_ask_for_a_tool__its_result_is_in_that_language() -> (
    None
):
    async with phone() as made:
        # Given: the rows take a moment
        known: list[list[tuple[str, str]]] = []
        write = made.services.language

        async def slow(code: str, by: str) -> None:
            await asyncio.sleep(0.5)
            await write(code, by)

        async def tool() -> ToolAnswer:
            known.append([*made.services.languages])
            return OK

        made.services.language = slow  # type: ignore[method-assign]
        made.services.tools["list_vouchers"] = tool

        # When
        await talk(made, "bonjour, montrez-moi mes bons s'il vous plaît")
        await made.outputs()

        # Then
        assert known == [[("fr", "words")]]


@pytest.mark.parametrize("when", ["greeting", "later"])
@in_virtual_time
async def test_language__the_key__changes_it_and_greets_again_where_it_must(
    when: str,
) -> None:
    async with phone() as made:
        # Given
        made.services.keys = lambda _: KeyAnswer(
            "language", line=Line("key.language", "Nous continuons."), language="fr"
        )
        made.start()
        await until(lambda: made.call.playing)
        if when == "later":
            await made.greeted()

        # When
        made.call.press("3")
        await made.heard("assistant automatique" if when == "greeting" else "Nous")

        # Then
        assert made.call.session["instructions"] == "Speak fr."
        assert made.lines().count("phone.greeting") == (2 if when == "greeting" else 1)


@in_virtual_time
async def test_keys__a_locked_pin__ends_the_call_with_its_words() -> None:
    async with phone() as made:
        made.start()
        await made.greeted()
        made.services.keys = lambda _: KeyAnswer(
            "pin_locked",
            line=Line("key.pin_locked", "Too many wrong PINs. Goodbye."),
            ends=EndReason.PIN_LOCKED,
        )

        made.call.press("1")

        assert await made.result() is EndReason.PIN_LOCKED
        assert made.call.heard[-1] == "Too many wrong PINs. Goodbye."


@in_virtual_time
async def test_budget__used_up__is_said_and_ends_the_call() -> None:
    async with phone() as made:
        made.services.over_budget = True
        made.start()

        assert await made.result() is EndReason.CALL_BUDGET
        assert made.call.heard[-1].startswith("I have to end this call now")


@in_virtual_time
async def test_silence__twice__ends_the_call_and_words_between_do_not_count() -> None:
    async with phone() as made:
        # Given
        made.start()
        await made.greeted()
        made.call.responder = lambda *_: says("Go on.")
        made.call.say("hello")
        await made.heard("Are you still there?")
        made.call.say("yes")
        await until(lambda: made.call.heard.count("Are you still there?") == 2)

        # When
        reason = await made.result()

        # Then
        assert reason is EndReason.SILENCE
        counts = [one["count"] for one in made.services.details("silence")]
        assert counts == [1, 1, 2]
        assert made.call.heard[-1].startswith("I cannot hear you")


@in_virtual_time
async def test_silence__a_provider_that_does_not_notice__is_noticed_here() -> None:
    async with phone() as made:
        made.start()
        await made.greeted()
        made.call.activity.expect_caller = lambda: None  # type: ignore[method-assign]
        made.call.say("hello")

        assert await made.result() is EndReason.SILENCE
        assert "Are you still there?" in made.call.heard


@in_virtual_time
async def test_stalled__a_response_without_an_end__is_given_up_twice_then_the_call() -> (
    None
):
    async with phone(limits=CallLimits()) as made:
        # Given: a response that neither speaks nor ends, and cannot be cancelled.
        made.start()
        await made.greeted()
        made.call.responder = lambda *_: Reply(is_held=True)
        made.call.say("hello")
        await until(lambda: made.call.is_responding)
        assert made.call.response
        made.call.response.cut = lambda reason: None  # type: ignore[method-assign]

        # When / Then
        assert await made.result() is EndReason.SESSION_ERROR
        assert {"code": "stalled"} in made.services.details("error")

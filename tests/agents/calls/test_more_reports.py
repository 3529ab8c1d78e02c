"""What others reported of agents on the phone, from number 15 on: see `test_reports.py`."""

from __future__ import annotations

import asyncio

import pytest

from agents.calls.reasons import EndReason
from agents.calls.services import CallLimits, KeyAnswer
from agents.realtime.provider import CallUsage
from agents.simulator.realtime_server.replies import Reply, fails, says
from tests.agents.calls.virtual_phone import LIST, phone, talk
from tests.virtual_time import in_virtual_time, until


@pytest.mark.parametrize("error", ["rate_limit_exceeded", "insufficient_quota"])
@pytest.mark.parametrize("fallback", ["tel:+250788000009", ""])
@in_virtual_time
async def test_report_15__the_account_has_no_more__refers_or_hangs_up_and_writes(
    error: str, fallback: str
) -> None:
    async with phone(limits=CallLimits(fallback=fallback)) as made:
        made.start()
        await made.greeted()
        made.call.script.append(fails(error))

        made.call.say("my vouchers")

        assert await made.result() is EndReason.SESSION_ERROR
        assert made.call.transfers == ([fallback] if fallback else [])
        assert made.call.state == "ended"
        assert made.services.apologies == 1


@in_virtual_time
async def test_report_16__a_transcript_that_never_comes__delays_no_answer() -> None:
    async with phone() as made:
        made.start()
        await made.greeted()
        made.call.script.append(says("You have two vouchers."))

        made.call.start_speaking()
        made.call.stop_speaking("my vouchers", transcript_after=None)

        await made.heard("You have two vouchers.")
        assert made.services.of("heard") == []


@in_virtual_time
async def test_report_17__transcripts_in_another_order__belong_to_their_items() -> None:
    async with phone() as made:
        # Given
        made.start()
        await made.greeted()
        made.call.responder = lambda *_: says("Go on.")

        # When
        items = []
        for number, delay in enumerate((9.0, 5.0, 1.0)):
            made.call.start_speaking()
            items.append(
                made.call.stop_speaking(f"words {number}", transcript_after=delay)
            )
            await asyncio.sleep(1.5)
        await until(lambda: len(made.services.of("heard")) == 3)

        # Then
        found = {
            detail["item"]: text
            for (text, _), detail in zip(
                made.services.of("heard"),
                made.services.details("heard"),
                strict=True,
            )
        }
        assert found == {item: f"words {n}" for n, item in enumerate(items)}
        assert list(found) == items[::-1]


@in_virtual_time
async def test_report_18__barge_in__marks_what_was_said_as_partly_heard() -> None:
    async with phone() as made:
        # Given
        made.start()
        await made.greeted()
        made.call.script.append(says("You have two vouchers of ten thousand francs."))
        made.call.say("my vouchers")
        await until(lambda: made.call.playing)

        # When
        made.call.say("stop")
        await until(lambda: len(made.services.of("said")) >= 2)

        # Then
        assert ("You have two vouchers of ten thousand francs.", True) in (
            made.services.of("said")
        )
        assert made.services.of("said")[0][1] is False


@in_virtual_time
async def test_report_18__a_provider_that_does_not_cut__is_told_to() -> None:
    async with phone() as made:
        # Given
        made.start()
        await made.greeted()
        detection = made.call.session["audio"]["input"]["turn_detection"]
        detection["interrupt_response"] = False
        made.call.script.append(says("A long answer. " * 20))
        made.call.say("my vouchers")
        await until(lambda: made.call.playing)

        # When
        made.call.start_speaking()
        await until(lambda: not made.call.playing, seconds=3)

        # Then
        assert "output_audio_buffer.clear" in [e["type"] for e in made.call.received]


@in_virtual_time
async def test_report_19__speech_over_the_greeting__does_not_cut_it() -> None:
    async with phone() as made:
        # Given
        made.start()
        await until(lambda: made.call.playing)

        # When
        made.call.script.append(says("You have two vouchers."))
        made.call.say("my vouchers")
        await made.heard("You have two vouchers.")

        # Then
        assert "automated assistant" in made.call.heard[0]
        detection = made.call.session["audio"]["input"]["turn_detection"]
        assert detection["interrupt_response"] is True


@in_virtual_time
async def test_report_20__greeting__comes_at_once_whatever_the_rows_do() -> None:
    async with phone() as made:
        # Given
        async def stuck() -> None:
            await asyncio.sleep(300)

        made.services.attached = stuck  # type: ignore[method-assign]
        began = asyncio.get_running_loop().time()

        # When
        made.start()
        await until(lambda: made.call.playing)

        # Then
        assert asyncio.get_running_loop().time() - began < 0.5
        kinds = [event["type"] for event in made.call.received]
        assert kinds[:2] == ["session.update", "response.create"]


@in_virtual_time
async def test_report_21__usage__is_stored_once_for_each_response() -> None:
    async with phone() as made:
        await talk(made)
        made.call.script.append(says("You have two vouchers."))
        await made.heard("You have two vouchers.")
        await asyncio.sleep(1)

        assert set(made.services.usage) == {
            one.response_id for one in made.call.responses
        }
        assert sum(made.services.usage.values(), CallUsage()).is_known
        assert len(made.services.transcripts) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status="incomplete", reason="max_output_tokens"),
        Reply(status="incomplete", reason="content_filter"),
        Reply(status="failed", error="server_error"),
        Reply(),
        Reply(status="incomplete", calls=(LIST,), reason="max_output_tokens"),
    ],
)
@in_virtual_time
async def test_report_22__three_turns_that_lead_nowhere__end_the_call(
    reply: Reply,
) -> None:
    async with phone() as made:
        made.start()
        await made.greeted()
        made.call.responder = lambda *_: reply

        for number in range(3):
            made.call.say(f"words {number}")
            await asyncio.sleep(8)

        assert await made.result() is EndReason.UNPRODUCTIVE
        assert "I cannot help you on the phone" in made.call.heard[-1]
        assert made.services.effects == {}


@pytest.mark.parametrize("words", [None, "", "  "])
@in_virtual_time
async def test_report_22__three_noises_without_a_word__end_the_call(
    words: str | None,
) -> None:
    async with phone() as made:
        made.start()
        await made.greeted()
        made.call.responder = lambda *_: says("Sorry?")

        for _ in range(3):
            made.call.say(words)  # type: ignore[arg-type]
            await asyncio.sleep(4)

        assert await made.result() is EndReason.UNPRODUCTIVE


@in_virtual_time
async def test_report_22__two_bad_turns_then_a_good_one__go_on() -> None:
    async with phone() as made:
        made.start()
        await made.greeted()
        made.call.script += [Reply(), Reply(), says("Two vouchers."), Reply(), Reply()]

        for number in range(5):
            made.call.say(f"words {number}")
            await asyncio.sleep(8)

        assert made.task
        assert not made.task.done()


@in_virtual_time
async def test_report_23__a_refused_update__leaves_the_call_as_it_was() -> None:
    async with phone() as made:
        # Given
        made.start()
        await made.greeted()
        before = dict(made.call.session)
        made.call.refuses_updates = True

        # When: the caller changes the language.
        made.services.keys = lambda _: KeyAnswer("language", language="fr")
        made.call.press("3")
        await asyncio.sleep(1)
        made.call.refuses_updates = False

        # Then
        assert made.call.session["tools"] == before["tools"]
        assert made.call.session["instructions"]
        made.call.script.append(says("Deux bons."))
        made.call.say("mes bons")
        await made.heard("Deux bons.")
        for event in made.call.received:
            if event["type"] == "session.update":
                assert "output" not in event["session"]["audio"]


@in_virtual_time
async def test_report_24__no_speech_20_seconds_after_the_greeting__hangs_up() -> None:
    async with phone() as made:
        made.start()
        await made.greeted()
        began = asyncio.get_running_loop().time()

        reason = await made.result()

        assert reason in {EndReason.NO_SPEECH, EndReason.SILENCE}
        assert asyncio.get_running_loop().time() - began < 20 + 12
        assert made.call.heard[-1].startswith("I cannot hear you")

"""What the caller of a simulated call does, and when."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agents.simulator.phone.line import LISTEN_S, LISTENS, RINGS_S, Line
from agents.simulator.phone.offline_voice import OfflineVoice
from agents.simulator.realtime_server.call import ServedCall
from agents.simulator.realtime_server.replies import says
from tests.virtual_time import in_virtual_time

LONG = "one two three four five six seven eight nine ten"


def line(*, state: str = "accepted") -> Line:
    call = ServedCall("rtc_1", asyncio.get_running_loop().call_later)
    call.session = {"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
    made = Line(call, OfflineVoice("customer"))
    call.state = state
    return made


def kinds(one: Line) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in one.call.sent]


def said(one: Line) -> list[tuple[str, str]]:
    return [(part["who"], part["state"]) for part in one.picture()["lines"]]


@in_virtual_time
async def test_say__while_the_agent_speaks__waits_until_it_is_quiet() -> None:
    one = line()
    one.call.respond({}, says(LONG))

    one.say("hello")
    assert said(one) == [("agent", "playing")]
    await asyncio.sleep(10)

    assert said(one)[:2] == [("agent", "heard"), ("caller", "")]
    assert "cleared" not in kinds(one)


@in_virtual_time
async def test_speak_over__while_the_agent_speaks__cuts_it() -> None:
    one = line()
    one.call.respond({}, says(LONG))
    await asyncio.sleep(1)

    one.speak_over("wait")

    assert said(one)[:2] == [("agent", "cut"), ("caller", "")]


@in_virtual_time
async def test_compose__then_words__are_one_utterance() -> None:
    one = line()

    one.compose()
    await asyncio.sleep(5)
    one.say("show me my vouchers")
    await asyncio.sleep(5)

    assert kinds(one).count("speech_started") == 1
    assert kinds(one).count("speech_stopped") == 1


@in_virtual_time
async def test_say__while_it_rings__is_said_once_the_call_is_taken() -> None:
    one = line(state="ringing")

    one.say("hello")
    one.say("my vouchers")
    await asyncio.sleep(1)
    one.call.state = "accepted"
    await asyncio.sleep(5)

    callers = [p["words"] for p in one.picture()["lines"] if p["who"] == "caller"]
    assert callers == ["hello my vouchers"]


@in_virtual_time
async def test_say__agent_never_quiet__gives_up_after_a_bound() -> None:
    one = line()
    one.call.respond({}, says(LONG, playback_seconds=float("inf")))

    one.say("hello")
    await asyncio.sleep(LISTENS * LISTEN_S + 1)

    assert one.picture()["is_waiting"] is False


@in_virtual_time
async def test_ringing__never_answered__ends() -> None:
    one = line(state="ringing")

    await asyncio.sleep(RINGS_S + 1)

    assert (one.call.state, one.call.ended_by) == ("ended", "unanswered")


@pytest.mark.parametrize("keys", ["1", "739154"])
@in_virtual_time
async def test_leave_in_tool__keys_pressed__leaves_after_all_of_them(keys: str) -> None:
    one = line()

    one.leave_in_tool()
    one.press(keys)
    await asyncio.sleep(5)

    pressed: list[Any] = [e for e in one.call.sent if "dtmf" in e["type"]]
    assert "".join(e["event"] for e in pressed) == keys
    assert one.call.ended_by == "caller"
    # Which keys they were is not shown.
    (act,) = one.picture()["lines"]
    assert act == {"who": "keys", "words": str(len(keys)), "state": ""}

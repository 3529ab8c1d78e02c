"""Whole calls: real rows, real sockets, and the model played by the local server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from agents.calls import job
from agents.core.openai_clients import close_clients
from agents.core.secret_digits import SecretDigits
from agents.core.serving import our_number
from agents.identity import pin
from agents.models import Call, CallEvent, Conversation, ToolCall
from agents.simulator.realtime_server.replies import FunctionCall, calls, says
from easymo.database import units
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from tests.agents.calls.callers import ring
from tests.agents.cast import make_cast
from tests.fakes.realtime import FakeRealtime
from vouchers.actors import Actor
from vouchers.models import Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

    from agents.simulator.realtime_server.call import ServedCall
    from tests.agents.cast import Cast

PIN = "4071"
LIST = FunctionCall("list_vouchers")


@pytest.fixture
def cast(committed_db: str) -> Cast:
    cast = make_cast()
    Conversation.objects.update(phone_number_id=our_number())
    pin.set_pin(profile=cast.aline.profile, pin=SecretDigits(PIN), by="page")
    pin.set_pin(profile=cast.diane.profile, pin=SecretDigits(PIN), by="page")
    return cast


@pytest.fixture
def realtime(cast: Cast, settings: SettingsWrapper) -> Iterator[FakeRealtime]:
    with FakeRealtime() as server:
        settings.OPENAI_BASE_URL = server.base_url
        settings.OPENAI_API_KEY = server.api_key
        yield server


@pytest.fixture(autouse=True)
async def _clients() -> AsyncIterator[None]:
    yield
    await close_clients()


class Line:
    """A caller on the line, and the job that answers."""

    def __init__(self, realtime: FakeRealtime, served: ServedCall, call: Call) -> None:
        self.realtime = realtime
        self.served = served
        self.call = call
        self.job = asyncio.create_task(job.run(call.pk))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                assert not self.job.done() or condition(), (
                    f"ended: {self.served.heard[1:]}"
                )
                await asyncio.sleep(0.02)

    async def heard(self, words: str) -> None:
        await self.until(lambda: any(words in one for one in self.served.heard))

    async def say(self, words: str, *functions: FunctionCall) -> None:
        """Speak, and let the model call these tools, then say nothing of its own."""
        if functions:
            self.realtime.do(self.served.script.append, calls(*functions))
        self.realtime.do(self.served.say, words)

    async def press(self, keys: str) -> None:
        self.realtime.do(self.served.press, keys)

    async def leave(self) -> Call:
        if self.served.state == "accepted":
            self.realtime.do(self.served.leave)
        async with asyncio.timeout(30):
            await self.job
        return await units.run(Call.objects.get, pk=self.call.pk)


async def dial(realtime: FakeRealtime, msisdn: str) -> Line:
    served = realtime.ring(msisdn)
    call = await units.run(ring, msisdn, call_id=served.call_id)
    line = Line(realtime, served, call)
    await line.heard("automated assistant")
    return line


def voucher_of(cast: Cast) -> Voucher:
    actor = Actor.of_profile(cast.diane.profile, channel="whatsapp")
    return issue_voucher(
        customer=cast.aline.profile,
        amount=Money(5_000, "RWF"),
        actor=actor,
        key="tests:1",
    ).voucher


def rows() -> dict[str, Any]:
    return {
        "tools": list(ToolCall.objects.order_by("id").values_list("name", "code")),
        "events": list(CallEvent.objects.order_by("id").values_list("kind", flat=True)),
    }


async def test_run__a_customer_with_a_pin__hears_and_redeems_their_voucher(
    realtime: FakeRealtime, cast: Cast
) -> None:
    # Given
    voucher = await units.run(voucher_of, cast)
    line = await dial(realtime, "+250788100001")

    # When
    await line.say("which vouchers do I have", LIST)
    await line.heard("PIN")
    realtime.do(line.served.script.append, calls(LIST))
    await line.press(PIN)
    await line.heard("5,000")
    redeem = FunctionCall(
        "redeem_voucher",
        json.dumps({"voucher": None, "station": "Kimironko"}),
    )
    await line.say("redeem it at Kimironko", redeem)
    await line.heard("Press 1")
    await line.press("1")
    await line.until(lambda: len(line.served.heard) > 4)
    call = await line.leave()

    # Then
    await units.run(voucher.refresh_from_db)
    assert voucher.status == Voucher.Status.REDEEMED
    assert (call.state, call.verified_by) == ("ended", "pin")
    assert line.served.refusals == []
    assert not line.served.is_corrupted
    found = await units.run(rows)
    assert found["tools"] == [
        ("list_vouchers", "pin_needed"),
        ("list_vouchers", ""),
        ("redeem_voucher", "confirmation_needed"),
        ("redeem_voucher", ""),
    ]
    wanted = ["rang", "decided", "accepted", "attached", "said", "greeted", "heard"]
    assert [kind for kind in found["events"] if kind in wanted][: len(wanted)] == wanted
    assert found["events"].count("key") == len(PIN) + 1
    assert found["events"][-1] == "ended"
    sent = json.dumps(line.served.received)
    assert PIN not in sent
    assert call.counted_cost > 0


async def test_run__no_pin__neither_hears_nor_redeems(
    realtime: FakeRealtime, cast: Cast
) -> None:
    # Given
    voucher = await units.run(voucher_of, cast)
    line = await dial(realtime, "+250788100001")

    # When
    await line.say("which vouchers do I have", LIST)
    await line.heard("PIN")
    await line.press("1")
    await line.say("then without it", LIST)
    await asyncio.sleep(0.5)
    call = await line.leave()

    # Then
    await units.run(voucher.refresh_from_db)
    assert voucher.status == Voucher.Status.ISSUED
    assert call.verified_at is None
    assert not any("5,000" in words for words in line.served.heard)


async def test_run__staff__create_a_voucher_by_the_key_and_hang_up_at_once(
    realtime: FakeRealtime, cast: Cast
) -> None:
    """The change remains although the caller left while it was made."""
    # Given
    line = await dial(realtime, "+250788100004")
    create = FunctionCall(
        "create_voucher",
        json.dumps(
            {"customer_msisdn": "+250788100001", "amount": 5_000, "currency": None}
        ),
    )
    await line.say("create a voucher", create)
    await line.heard("PIN")
    realtime.do(line.served.script.append, calls(create))
    await line.press(PIN)
    await line.heard("Press 1")

    # When
    await line.press("1")
    call = await line.leave()

    # Then
    assert call.reason == "caller_hung_up"
    assert len(await units.run(lambda: cast.aline.vouchers)) == 1
    texts = await units.run(lambda: [one.body for one in cast.diane.replies])
    assert len(texts) == 1
    assert "5,000" in texts[0]


@pytest.mark.parametrize("code", [1000, 1005, 1006, 1011])
async def test_run__the_caller_hangs_up__the_call_ends_with_every_close(
    realtime: FakeRealtime, cast: Cast, code: int
) -> None:
    line = await dial(realtime, "+250788100002")

    realtime.do(line.served.leave, code)
    call = await line.leave()

    assert (call.state, call.reason) == ("ended", "caller_hung_up")
    assert call.lease_token is None
    # A 404 for a call that had a session is its end, and is asked for once.
    asked = [one for one in realtime.requests if one[0] == "sideband"]
    assert len(asked) == (1 if code == 1000 else 2)


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011])
async def test_run__only_the_socket_is_lost__the_call_goes_on(
    realtime: FakeRealtime, cast: Cast, code: int
) -> None:
    line = await dial(realtime, "+250788100002")

    realtime.do(line.served.drop, code)
    await line.until(lambda: line.served.attached == 2)
    realtime.do(line.served.script.append, says("Two words."))
    await line.heard("I am back")
    await line.say("hello")
    await line.heard("Two words.")
    call = await line.leave()

    assert call.reason == "caller_hung_up"


async def test_run__killed_worker__another_one_goes_on(
    realtime: FakeRealtime, cast: Cast
) -> None:
    # Given
    line = await dial(realtime, "+250788100002")

    # When: the worker stops and gives the lease back.
    line.job.cancel()
    await asyncio.gather(line.job, return_exceptions=True)
    line.job = asyncio.create_task(job.run(line.call.pk, is_handed_over=True))

    # Then
    await line.heard("I am back")
    call = await line.leave()
    assert call.reason == "caller_hung_up"
    assert line.served.attached == 2
    assert line.served.accepts == 1


async def test_run__voice_turned_off__the_call_says_so_and_ends(
    realtime: FakeRealtime, cast: Cast
) -> None:
    # Given
    line = await dial(realtime, "+250788100002")

    # When
    await units.run(
        set_features,
        {Feature.VOICE: False},
        actor="tests",
        reason="tests",
        source="command",
    )
    await asyncio.wait_for(line.job, 20)

    # Then
    assert "switched off" in line.served.heard[-1]
    call = await line.leave()
    assert (call.state, call.reason) == ("ended", "voice_off")

"""The previous workflow is down, slow, failing for one sender, or this system."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.forwarding import lanes, sending
from agents.models import ForwardedItem, ForwardLane, ForwardTarget, WebhookEvent
from easymo.database import units
from rollout.models import Notice
from tests import payloads
from tests.agents.forwarding.conftest import forward, take_in, take_in_bytes

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.legacy import FakeLegacy

pytestmark = pytest.mark.django_db(transaction=True)

ALINE, BOSCO = "+250788123456", "+250788654321"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return instead of waiting, as before the next sweep."""
    monkeypatch.setattr(sending, "PATIENCE_S", 0.3)


def people(count: int) -> list[str]:
    return [f"+2507881{n:05d}" for n in range(count)]


async def test_forward__down_for_an_hour__all_items_arrive_in_order(
    legacy: FakeLegacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    legacy.answer = lambda _: 503
    for word in ("one", "two"):
        await take_in(*(payloads.text(word, sender=each) for each in people(12)))
    start = timezone.now()
    for minutes in (0, 1, 5, 20, 59):
        clock = start + timedelta(minutes=minutes)
        monkeypatch.setattr(lanes.clock, "now", lambda at=clock: at)
        await forward()
    tries = len(legacy.came)

    # When
    legacy.answer = lambda _: 200
    for seconds in range(3600, 3800, 40):
        clock = start + timedelta(seconds=seconds)
        monkeypatch.setattr(lanes.clock, "now", lambda at=clock: at)
        await forward()

    # Then
    assert tries < 60
    said: dict[str, list[str]] = {}
    for message in legacy.messages():
        said.setdefault(message["from"], []).append(message["text"]["body"])
    assert len(said) == 12
    assert all(words == ["one", "two"] for words in said.values())
    target = await units.run(ForwardTarget.objects.get)
    assert (target.failures, target.held_until) == (0, None)
    assert target.error_code == "http_503"


async def test_forward__no_server__waits_without_loss(
    whatsapp: SettingsWrapper,
) -> None:
    # Given
    whatsapp.LEGACY_WEBHOOK_URL = "http://127.0.0.1:9/"

    # When
    await take_in(payloads.text("a"))
    await forward()

    # Then
    lane = await units.run(ForwardLane.objects.get)
    assert (lane.error_code, lane.lease_token) == ("no_connection", None)
    assert lane.next_attempt_at > timezone.now() - timedelta(seconds=5)
    item = await units.run(ForwardedItem.objects.get)
    assert item.state == ForwardedItem.State.QUEUED


@pytest.mark.parametrize("status", [302, 400, 404, 500])
async def test_forward__one_sender_refused__others_are_sent(
    legacy: FakeLegacy, status: int
) -> None:
    # Given
    bad = people(1)[0].removeprefix("+").encode()
    legacy.answer = lambda body: status if bad in body else 200

    # When
    for word in ("one", "two"):
        await take_in(*(payloads.text(word, sender=each) for each in people(10)))
        await forward()

    # Then
    assert len(legacy.messages()) == 18
    lane = await units.run(ForwardLane.objects.get)
    assert (lane.error_code, lane.failing_since is None) == (f"http_{status}", False)
    target = await units.run(ForwardTarget.objects.get)
    assert target.held_until is None


async def test_forward__one_sender_slow__others_do_not_wait(
    legacy: FakeLegacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(sending, "PATIENCE_S", 250.0)
    slow = people(1)[0].removeprefix("+").encode()
    others_are_through = threading.Event()
    was_alone: list[bool] = []

    def answer(body: bytes) -> int:
        if slow in body:
            was_alone.append(others_are_through.wait(250))
        return 200

    legacy.answer = answer
    await take_in(*(payloads.text("a", sender=each) for each in people(40)))

    # When
    job = asyncio.create_task(forward())
    await asyncio.to_thread(legacy.wait_for, 39)

    # Then: they did not wait for the slow sender, whose answer waits for them
    others_are_through.set()
    await job
    assert was_alone == [True]
    assert len(legacy.messages()) == 40


async def test_forward__worker_stops__lanes_released(
    legacy: FakeLegacy,
) -> None:
    # Given
    is_told = threading.Event()

    def answer(_: bytes) -> int:
        is_told.wait(250)
        return 200

    legacy.answer = answer
    await take_in(payloads.text("a"))

    # When
    job = asyncio.create_task(forward())
    await asyncio.to_thread(legacy.wait_until_asked)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    is_told.set()

    # Then
    lane = await units.run(ForwardLane.objects.get)
    assert lane.lease_token is None
    legacy.answer = lambda _: 200
    await forward()
    assert await units.run(ForwardLane.objects.count) == 0


async def test_forward__forwarded_body_comes_back__dropped_with_a_notice(
    legacy: FakeLegacy,
) -> None:
    # Given
    await take_in(payloads.text("a", sender=BOSCO))
    await forward()

    # When
    for _ in range(3):
        await take_in_bytes(legacy.taken[0])
    await forward()

    # Then
    assert len(legacy.came) == 1
    target = await units.run(ForwardTarget.objects.get)
    assert target.loops == 3
    notice = await units.run(Notice.objects.get)
    assert "LEGACY_WEBHOOK_URL" in notice.text
    states = await units.run(lambda: {e.state for e in WebhookEvent.objects.all()})
    assert states == {"done"}


async def test_forward__crash_while_sending__another_worker_sends(
    legacy: FakeLegacy,
) -> None:
    # Given
    await take_in(payloads.text("a"))
    assert len(await units.run(lanes.claim_lanes, 5)) == 1
    await forward()
    assert legacy.came == []

    # When
    past = timezone.now() - timedelta(seconds=1)
    await units.run(lambda: ForwardLane.objects.update(lease_expires_at=past))
    await forward()

    # Then
    assert len(legacy.taken) == 1


async def test_claim_lanes__older_event_unprocessed__waits(
    legacy: FakeLegacy,
) -> None:
    # Given
    await take_in(payloads.text("a"))
    item = await units.run(ForwardedItem.objects.select_related("event").get)
    older = WebhookEvent(
        pk=item.event_id - 1,
        body=b"{}",
        sha256=b"",
        correlation_id=item.event.correlation_id,
    )
    await units.run(older.save)

    # Then
    assert await units.run(lanes.claim_lanes, 5) == []
    older.state = WebhookEvent.State.DONE
    await units.run(older.save)
    await forward()
    assert len(legacy.taken) == 1


async def test_claim_lanes__two_workers_at_once__each_lane_claimed_once(
    legacy: FakeLegacy,
) -> None:
    # Given
    await take_in(*(payloads.text("a", sender=each) for each in people(20)))

    # When
    both = await asyncio.gather(*(units.run(lanes.claim_lanes, 15) for _ in range(2)))

    # Then
    claimed = [load.lane for loads in both for load in loads]
    assert len(claimed) == len(set(claimed)) == 20


@pytest.mark.parametrize("wrong", [-3_600, 3_600])
async def test_claim_lanes__worker_with_a_wrong_clock__respects_the_lease(
    legacy: FakeLegacy, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    # Given: the sender's clock is behind, or the other worker's is ahead
    await take_in(payloads.text("a"))
    first, second = (wrong, 0) if wrong < 0 else (0, wrong)
    now = timezone.now

    async def claimed(offset: int) -> int:
        shifted = timedelta(seconds=offset)
        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", lambda: now() + shifted)
            return len(await units.run(lanes.claim_lanes, 5))

    # Then
    assert [await claimed(first), await claimed(second)] == [1, 0]

"""Two simultaneous batches with the same lanes in opposite order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connections, transaction

from agents.forwarding import queue
from agents.forwarding import queue as forwarding
from agents.inbound import process_events
from agents.models import ForwardedItem, ForwardLane, WebhookEvent
from tests import payloads
from tests.agents.channel import store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agents.forwarding.queue import ItemToForward
    from tests.fakes.legacy import FakeLegacy

pytestmark = pytest.mark.django_db(transaction=True)

ALINE, BOSCO = "+250788123456", "+250788654321"
type Enqueue = Callable[[WebhookEvent, Sequence[ItemToForward]], set[bytes]]


class Meeting:
    """Lets each worker go on after its first webhook once the other has come so far."""

    def __init__(self, enqueue: Enqueue) -> None:
        self.enqueue = enqueue
        self.barrier = threading.Barrier(2)
        self.local = threading.local()

    def __call__(
        self, event: WebhookEvent, wanted: Sequence[ItemToForward]
    ) -> set[bytes]:
        lanes = self.enqueue(event, wanted)
        if not getattr(self.local, "has_met", False):
            self.local.has_met = True
            self.barrier.wait(60)
        return lanes


def take_in_at_once(monkeypatch: pytest.MonkeyPatch, enqueue: Enqueue) -> list[str]:
    """Process two batches, each in a transaction; return their errors."""
    batches = [
        [store(payloads.text("a", sender=one)), store(payloads.text("b", sender=other))]
        for one, other in ((ALINE, BOSCO), (BOSCO, ALINE))
    ]
    monkeypatch.setattr(forwarding, "enqueue", Meeting(enqueue))
    # Else one batch would wait for the other before it opens a lane.
    monkeypatch.setattr(process_events, "lock_in_order", lambda *_: None)

    def take(ids: list[int]) -> str:
        try:
            with transaction.atomic():
                events = list(WebhookEvent.objects.filter(pk__in=ids).order_by("pk"))
                process_events._process(events, process_events._process_item)
        except OperationalError as error:
            return type(error.__cause__).__name__
        finally:
            connections.close_all()
        return ""

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(take, batches))


def test_open_lanes__opposite_order__both_batches_succeed(
    legacy: FakeLegacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert take_in_at_once(monkeypatch, forwarding.enqueue) == ["", ""]
    assert ForwardedItem.objects.filter(state="queued").count() == 4
    assert ForwardLane.objects.count() == 2


def test_open_lanes__one_by_one__deadlock(
    legacy: FakeLegacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: as it would be without the order. The wake is one row for all: by
    # waiting for it, the two would never meet.
    monkeypatch.setattr(queue, "enqueue_forwarding", lambda: None)
    enqueue = forwarding.enqueue

    def opened_at_once(
        event: WebhookEvent, wanted: Sequence[ItemToForward]
    ) -> set[bytes]:
        lanes = enqueue(event, wanted)
        forwarding.open_lanes(lanes)
        return lanes

    problems = take_in_at_once(monkeypatch, opened_at_once)

    assert problems == ["", "DeadlockDetected"]

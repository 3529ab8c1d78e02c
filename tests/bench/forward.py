"""How fast a full queue goes on to the previous workflow. Run: python -m tests.bench.forward

Prints JSON lines: 10,000 senders outside a beta in batches of 1,000, taken in and sent
on; and, as the comparison, as many bodies posted to the same server by the
client, with as many places. Before that, what it adds to the webhook's answer.
"""

from __future__ import annotations

# Django must be set up before our code is imported.
# ruff: noqa: E402
import asyncio
import logging
import os
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.conf import settings

from agents.forwarding import sending
from agents.forwarding.sending import MOST_REQUESTS, run_forwarding
from agents.inbound import process_events
from agents.models import ForwardedItem, WebhookEvent
from tests import databases, payloads
from tests.agents.channel import post
from tests.bench import answers
from tests.bench.turns import tell
from tests.fakes.legacy import FakeLegacy

SENDERS = 10_000
BATCH = 1_000
SECRET = "their-secret"


def main() -> None:
    logging.disable(logging.INFO)
    databases.start_server()
    template = databases.template()
    with (
        databases.clone(template, label="bench") as name,
        databases.using(name),
        FakeLegacy(secret=SECRET) as legacy,
    ):
        settings.WA_PHONE_ID = payloads.PHONE_NUMBER_ID
        settings.LEGACY_WEBHOOK_URL = legacy.url
        settings.LEGACY_WEBHOOK_SECRET = SECRET
        answers.measure(databases.url(name), legacy.url)
        WebhookEvent.objects.all().delete()
        measure(legacy)


def measure(legacy: FakeLegacy) -> None:
    for start in range(0, SENDERS, BATCH):
        texts = (
            payloads.text("hello", sender=f"+25078{1_000_000 + number}")
            for number in range(start, start + BATCH)
        )
        post(payloads.webhook(*texts))
    began = time.monotonic()
    while process_events.process_stored_events():
        pass
    taken_in = time.monotonic() - began
    began = time.monotonic()
    asyncio.run(run_forwarding())
    sent = time.monotonic() - began
    senders = {message["from"] for message in legacy.messages()}
    waiting = ForwardedItem.objects.filter(state=ForwardedItem.State.QUEUED).count()
    bodies = legacy.taken[:]
    began = time.monotonic()
    asyncio.run(bare(bodies))
    alone = time.monotonic() - began
    tell(
        "forwarded, senders a second",
        len(senders) / sent,
        baseline=round(len(bodies) / alone, 1),
        ratio=round(alone / sent, 2),
        senders=len(senders),
        waiting=waiting,
        seconds=round(sent, 1),
    )
    tell("taken in to be forwarded, messages a second", SENDERS / taken_in)


async def bare(bodies: list[bytes]) -> None:
    """Post the same bodies with nothing around."""
    places = asyncio.Semaphore(MOST_REQUESTS)

    async def one(body: bytes) -> None:
        async with places:
            await sending.post(body)

    await asyncio.gather(*(one(body) for body in bodies))


if __name__ == "__main__":
    main()

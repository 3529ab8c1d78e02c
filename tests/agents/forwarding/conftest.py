from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.forwarding.sending import run_forwarding
from agents.inbound import process_events
from easymo.database import units
from tests.agents.channel import post, store
from tests.fakes.legacy import FakeLegacy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def legacy(whatsapp: SettingsWrapper) -> Iterator[FakeLegacy]:
    with FakeLegacy(secret="their-secret") as fake:
        whatsapp.LEGACY_WEBHOOK_URL = fake.url
        whatsapp.LEGACY_WEBHOOK_SECRET = "their-secret"
        yield fake


async def take_in(*items: dict[str, Any], marked: bool = False) -> None:
    await units.run(store, *items, marked=marked)
    await units.run(process_events.process_stored_events)


async def take_in_bytes(body: bytes) -> None:
    await units.run(post, body)
    await units.run(process_events.process_stored_events)


async def forward() -> None:
    await run_forwarding()

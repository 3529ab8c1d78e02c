"""The typing sign and the blue ticks: shown once, best effort, never waited for."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from django.conf import settings

from agents.channels.whatsapp import client
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agents.services.turns.work import Work

logger = get_logger(__name__)


@asynccontextmanager
async def shown(work: Work) -> AsyncIterator[None]:
    """Show that we read and write, while the block runs."""
    provider_id = work.messages[-1].provider_id
    if work.conversation.is_synthetic or not settings.WA_TOKEN or not provider_id:
        yield
        return
    task = asyncio.create_task(_show(work, provider_id))
    try:
        yield
    finally:
        task.cancel()


async def _show(work: Work, provider_id: str) -> None:
    try:
        line = client.Line(work.conversation.phone_number_id)
        await client.mark_read_and_typing(line, provider_id)
    except Exception as error:  # noqa: BLE001 - a sign is never worth an answer
        logger.info("ai.whatsapp.typing.error", error=type(error).__name__)

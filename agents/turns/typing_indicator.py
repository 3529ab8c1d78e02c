"""Show the typing indicator and the read marks, once a turn and at best effort."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from agents.models import SendingLine
from agents.whatsapp import graph_client
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agents.models import Conversation, Message, Turn
    from agents.turns.claim import ClaimedTurn

logger = get_logger(__name__)

# Executed in every turn. Not while our number or account is held or stopped.
CLAIM = """
UPDATE agents_turn SET typing_shown_at = %(now)s
WHERE id = %(turn)s AND typing_shown_at IS NULL
  AND NOT EXISTS (
      SELECT FROM agents_sendingline
      WHERE phone_number_id IN (%(number)s, %(account)s) AND holds > 0
        AND (held_until > %(now)s OR is_open)
  )
"""


@asynccontextmanager
async def shown(claimed: ClaimedTurn) -> AsyncIterator[None]:
    """Send the indicator in the background while the block runs."""
    if not claimed.shows_typing:
        yield
        return
    task = asyncio.create_task(_show(claimed, claimed.messages[-1].provider_id))
    try:
        yield
    finally:
        task.cancel()


def claim_typing_indicator(
    turn: Turn, conversation: Conversation, last: Message
) -> bool:
    """Claim the one indicator of this turn; a worker that resumes it shows no other.

    False where no answer can follow: our number is stopped, or the last message has no
    id any more.
    """
    if conversation.is_synthetic or not settings.WA_TOKEN or not last.provider_id:
        return False
    values: dict[str, Any] = {
        "turn": turn.pk,
        "number": conversation.phone_number_id,
        "account": SendingLine.ACCOUNT,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        return bool(cursor.rowcount)


async def _show(claimed: ClaimedTurn, provider_id: str) -> None:
    try:
        number = claimed.conversation.phone_number_id
        await graph_client.mark_read_and_typing(number, provider_id)
    except Exception as error:  # noqa: BLE001 - never worth failing the turn
        logger.info("ai.whatsapp.typing.error", error=type(error).__name__)

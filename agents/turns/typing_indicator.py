"""Show the typing indicator and the read marks, once a turn and at best effort."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from agents.models import SendingLine
from agents.whatsapp import graph_client
from easymo.database import statements
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agents.models import Conversation, Message, Turn
    from agents.turns.claim import ClaimedTurn

logger = get_logger(__name__)

# How long the indicator may take after the turn has ended.
GRACE_S = 2.0
# No answer can follow while our number or account is held or stopped.
MAY_SHOW = """
NOT EXISTS (
    SELECT FROM agents_sendingline
    WHERE phone_number_id IN (%(number)s, %(account)s) AND holds > 0
      AND (held_until > %(now)s OR is_open)
)
"""
CLAIM = f"""
UPDATE agents_turn SET typing_shown_at = %(now)s
WHERE id = %(turn)s AND typing_shown_at IS NULL AND {MAY_SHOW}
"""  # noqa: S608 - our own text


@asynccontextmanager
async def shown(claimed: ClaimedTurn) -> AsyncIterator[None]:
    """Send the indicator in the background, beginning with the block."""
    if not claimed.shows_typing:
        yield
        return
    task = asyncio.create_task(_show(claimed, claimed.messages[-1].provider_id))
    try:
        yield
    finally:
        # Cancelled at once, a running exchange would lose its connection.
        asyncio.get_running_loop().call_later(GRACE_S, task.cancel)


def claim_typing_indicator(
    turn: Turn, conversation: Conversation, last: Message
) -> bool:
    """Claim the one indicator of this turn; a worker that resumes it shows no other.

    The row of a new turn is still to be inserted. False where no answer can follow: our
    number is stopped, or the last message has no id any more.
    """
    if conversation.is_synthetic or not settings.WA_TOKEN or not last.provider_id:
        return False
    now = timezone.now()
    values: dict[str, Any] = {
        "turn": turn.pk,
        "number": conversation.phone_number_id,
        "account": SendingLine.ACCOUNT,
        "now": now,
    }
    if not turn._state.adding:
        return bool(statements.execute(CLAIM, values))
    [(may_show,)] = statements.rows(f"SELECT {MAY_SHOW}", values)
    if may_show:
        turn.typing_shown_at = now
    return bool(may_show)


async def _show(claimed: ClaimedTurn, provider_id: str) -> None:
    try:
        number = claimed.conversation.phone_number_id
        await graph_client.mark_read_and_typing(number, provider_id)
    except Exception as error:  # noqa: BLE001 - never worth failing the turn
        logger.info("ai.whatsapp.typing.error", error=type(error).__name__)

"""What waits to be answered in a conversation, and until when its person may write on.

Nothing is held or written while she may: killed then, the sweep wakes another worker.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from django.db import Error
from django.db.models.functions import Now

from agents.models import Message
from agents.services.turns.quiet import Heard, quiet_until
from agents.services.turns.voices import heard_at, is_being_heard
from agents.wakes import wake_turn
from easymo.database import units
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agents.models import Conversation
    from agents.services.turns.means import Means
    from agents.services.turns.timing import Timing

logger = get_logger(__name__)

WAITING: Prepared[Message] = Prepared(
    lambda: (
        Message.objects.filter(
            conversation_id=slot("conversation"), state=Message.State.WAITING
        )
        .select_related("event", "media")
        .defer("event__body")
        .annotate(looked_at=Now())  # type: ignore[no-redef]
        .order_by("sent_at", "id")
    )
)
# The conversations whose people this process lets finish.
_listening: set[int] = set()


async def until_quiet(conversation_id: int, means: Means) -> bool:
    """Let the person finish; False where another job of this process does so already.

    That one looks at what waits once more after its wait, so at what came with ours.
    """
    if conversation_id in _listening:
        return False
    _listening.add(conversation_id)
    try:
        while seconds := await units.run(
            still_writing,
            conversation_id=conversation_id,
            timing=means.timing,
        ):
            await means.clock.sleep(seconds)
    except asyncio.CancelledError:
        await asyncio.shield(_pass_on(conversation_id))
        raise
    finally:
        _listening.discard(conversation_id)
    return True


async def _pass_on(conversation_id: int) -> None:
    """Told to stop: let another worker listen on at once, else the sweep finds her."""
    try:
        await units.run(wake_turn, conversation_id=conversation_id)
    except Error as error:
        logger.warning("ai.turn.wait.error", error=type(error).__name__)


def waiting_in(conversation: Conversation) -> list[Message]:
    """Return what waits; the caller holds the conversation."""
    found = WAITING.all(conversation=conversation.pk)
    for message in found:
        message.conversation = conversation
    return found


def still_writing(*, conversation_id: int, timing: Timing) -> float:
    """Return for how many seconds the person may still be writing: a glance, no lock."""
    waiting = WAITING.all(conversation=conversation_id)
    if not waiting:
        return 0.0
    return max(pause(waiting, timing, waiting[0].looked_at)[1], 0.0)


def pause(
    waiting: Sequence[Message], timing: Timing, now: datetime
) -> tuple[datetime, float]:
    """Return when she has finished, and for how many seconds to wait before asking."""
    ended_at = quiet_until([_heard(message) for message in waiting], timing)
    ended_at = max([ended_at, *heard_at(waiting)])
    if is_being_heard(waiting, now):
        return ended_at, timing.listen
    return ended_at, (ended_at - now).total_seconds()


def _heard(message: Message) -> Heard:
    return Heard(message.received_at, message.kind, bool(message.button_id))

"""The quiet time: wait until the customer has finished writing.

No lock is held and nothing is written meanwhile. Where a worker dies while it waits,
the sweep enqueues the turn again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import Error
from django.db.models.functions import Now

from agents.core.jobs import enqueue_turn
from agents.models import Media, Message
from easymo.database import units
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agents.core.clock import Clock
    from agents.models import Conversation

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a turn waits, is leased and is tried; in seconds."""

    # Messages that arrive within the quiet time become one turn.
    quiet_after_text: float = 1.5
    quiet_after_media: float = 2.5
    quiet_at_most: float = 8.0
    # How often to check for the transcript of a voice note.
    transcript_poll: float = 0.5
    # The turn of a dead worker is taken over when its lease ends, within 60 seconds.
    lease: float = 20.0
    renew: float = 5.0
    # How many drafts are dropped for newer messages.
    restarts: int = 3
    # A turn that crashed this many workers is not tried again.
    attempts: int = 8

    @property
    def lease_span(self) -> timedelta:
        return timedelta(seconds=self.lease)


TIMING = Timing()
# How long a turn waits for the transcript of a voice note.
MAX_TRANSCRIPT_WAIT = timedelta(seconds=20)
# The customer types nothing more after these.
IMMEDIATE_KINDS = frozenset({"request_welcome"})
UNFINISHED = frozenset({Media.State.WAITING, Media.State.FETCHING})
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
# The conversations whose quiet time this process waits for.
_waited_for: set[int] = set()


def is_waited_for(conversation_id: int) -> bool:
    """Tell whether another job of this process waits for the same quiet time."""
    return conversation_id in _waited_for


async def wait(conversation_id: int, seconds: float, clock: Clock) -> bool:
    """Wait; False where another job of this process does so already.

    That job reads the waiting messages after its wait, so also those of this job.
    """
    if conversation_id in _waited_for:
        return False
    _waited_for.add(conversation_id)
    try:
        await clock.sleep(seconds)
    except asyncio.CancelledError:
        await asyncio.shield(_enqueue_turn(conversation_id))
        raise
    finally:
        _waited_for.discard(conversation_id)
    return True


async def _enqueue_turn(conversation_id: int) -> None:
    """Let another worker go on at once; where that fails, the sweep does it."""
    try:
        await units.run(enqueue_turn, conversation_id=conversation_id)
    except Error as error:
        logger.warning("ai.turn.wait.error", error=type(error).__name__)


def waiting_in(conversation: Conversation) -> list[Message]:
    """Return the waiting messages; the caller holds the conversation's lock."""
    found = WAITING.all(conversation=conversation.pk)
    for message in found:
        message.conversation = conversation
    return found


def seconds_left(*, conversation_id: int, timing: Timing) -> float:
    """Return how many seconds of quiet time are left; reads without a lock."""
    waiting = WAITING.all(conversation=conversation_id)
    if not waiting:
        return 0.0
    return quiet_time_left(waiting, timing, waiting[0].looked_at)[1]


def quiet_time_left(
    waiting: Sequence[Message], timing: Timing, now: datetime
) -> tuple[datetime, float]:
    """Return when the quiet time ends, and how many seconds to wait from now."""
    ended_at = max([quiet_until(waiting, timing), *transcripts_settled_at(waiting)])
    if is_transcript_pending(waiting, now):
        return ended_at, timing.transcript_poll
    return ended_at, (ended_at - now).total_seconds()


def quiet_until(waiting: Sequence[Message], timing: Timing) -> datetime:
    """Return the moment at which these messages may be answered."""
    first = min(message.received_at for message in waiting)
    if any(each.button_id or each.kind in IMMEDIATE_KINDS for each in waiting):
        return first
    last = max(waiting, key=lambda message: message.received_at)
    is_text = last.kind == "text"
    quiet = timing.quiet_after_text if is_text else timing.quiet_after_media
    return min(
        last.received_at + timedelta(seconds=quiet),
        first + timedelta(seconds=timing.quiet_at_most),
    )


def is_transcript_pending(waiting: Sequence[Message], now: datetime) -> bool:
    """Tell whether the transcript of a voice note is still awaited."""
    return any(
        media.state in UNFINISHED and message.received_at + MAX_TRANSCRIPT_WAIT > now
        for message, media in _voice_notes(waiting)
    )


def transcripts_settled_at(waiting: Sequence[Message]) -> list[datetime]:
    """Return when the wait for each voice note's transcript ended."""
    return [
        min(
            media.settled_at or message.received_at + MAX_TRANSCRIPT_WAIT,
            message.received_at + MAX_TRANSCRIPT_WAIT,
        )
        for message, media in _voice_notes(waiting)
        if media.state not in {Media.State.SKIPPED, Media.State.FORGOTTEN}
    ]


def _voice_notes(waiting: Sequence[Message]) -> Iterator[tuple[Message, Media]]:
    for message in waiting:
        if message.kind != "audio":
            continue
        try:
            yield message, message.media
        except Media.DoesNotExist:
            continue

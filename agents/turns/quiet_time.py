"""What waits to be answered in a conversation, and until when its person may write on.

Nothing is held or written while she may: killed then, the sweep wakes another worker.
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

    from agents.models import Conversation
    from agents.turns.run import Means


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a turn waits, holds and tries; in seconds."""

    # Quiet time: what arrives within it becomes one turn.
    quiet_after_text: float = 1.5
    quiet_after_media: float = 2.5
    quiet_at_most: float = 8.0
    # How often to look whether a voice note was put into words.
    listen: float = 0.5
    # A worker that died is noticed when its lease ends: well within the 60 seconds.
    lease: float = 20.0
    renew: float = 5.0
    # How often newer messages may drop a draft before it is sent nevertheless.
    restarts: int = 3
    # A turn that took so many workers with it is not tried again.
    attempts: int = 8

    @property
    def lease_span(self) -> timedelta:
        return timedelta(seconds=self.lease)


TIMING = Timing()


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
        await units.run(enqueue_turn, conversation_id=conversation_id)
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


# Nobody types on after these.
AT_ONCE = frozenset({"request_welcome"})


@dataclass(frozen=True, slots=True)
class Heard:
    """One waiting message, as far as the quiet time is concerned."""

    at: datetime
    kind: str
    is_button: bool = False


def quiet_until(heard: Sequence[Heard], timing: Timing) -> datetime:
    """Return the moment at which these messages may be answered."""
    first = min(message.at for message in heard)
    if any(message.is_button or message.kind in AT_ONCE for message in heard):
        return first
    last = max(heard, key=lambda message: message.at)
    pause = timing.quiet_after_text if last.kind == "text" else timing.quiet_after_media
    return min(
        last.at + timedelta(seconds=pause),
        first + timedelta(seconds=timing.quiet_at_most),
    )


OPEN = frozenset({Media.State.WAITING, Media.State.FETCHING})


def is_being_heard(waiting: Sequence[Message], now: datetime) -> bool:
    """Tell whether the words of one of these are still on their way."""
    return any(
        media.state in OPEN and message.received_at + VOICE_NOTE_HOLD > now
        for message, media in _voices(waiting)
    )


def heard_at(waiting: Sequence[Message]) -> list[datetime]:
    """Return when the waiting for each of them was over."""
    return [
        min(
            media.settled_at or message.received_at + VOICE_NOTE_HOLD,
            message.received_at + VOICE_NOTE_HOLD,
        )
        for message, media in _voices(waiting)
        if media.state not in {Media.State.SKIPPED, Media.State.FORGOTTEN}
    ]


def _voices(waiting: Sequence[Message]) -> Iterator[tuple[Message, Media]]:
    for message in waiting:
        if message.kind != "audio":
            continue
        try:
            yield message, message.media
        except Media.DoesNotExist:
            continue


# How long a turn waits for the words of a voice note.
VOICE_NOTE_HOLD = timedelta(seconds=20)

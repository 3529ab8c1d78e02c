"""Voice notes that a turn waits for: until they are in words, or too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.models import Media
from agents.services.media_rows import HOLD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from agents.models import Message

OPEN = frozenset({Media.State.WAITING, Media.State.FETCHING})


def is_being_heard(waiting: Sequence[Message], now: datetime) -> bool:
    """Tell whether the words of one of these are still on their way."""
    return any(
        media.state in OPEN and message.received_at + HOLD > now
        for message, media in _voices(waiting)
    )


def heard_at(waiting: Sequence[Message]) -> list[datetime]:
    """Return when the waiting for each of them was over."""
    return [
        min(media.settled_at or message.received_at + HOLD, message.received_at + HOLD)
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

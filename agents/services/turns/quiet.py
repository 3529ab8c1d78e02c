"""When a person has finished writing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.services.turns.timing import Timing

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

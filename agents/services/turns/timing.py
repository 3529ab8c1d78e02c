from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


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

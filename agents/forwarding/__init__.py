"""What is not for the agent goes on to the previous workflow, once and in order."""

from __future__ import annotations

from agents.forwarding.overview import purge
from agents.forwarding.queue import (
    Wanted,
    enqueue,
    enqueue_unanswered,
    forward_unanswered,
    is_set_up,
    open_lanes,
    wake_what_waits,
    which_came_back,
)
from agents.forwarding.sending import run

__all__ = [
    "Wanted",
    "enqueue",
    "enqueue_unanswered",
    "forward_unanswered",
    "is_set_up",
    "open_lanes",
    "purge",
    "run",
    "wake_what_waits",
    "which_came_back",
]

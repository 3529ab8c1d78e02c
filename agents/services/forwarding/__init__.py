"""What is not for the agent goes on to the previous workflow, once and in order."""

from __future__ import annotations

from agents.services.forwarding.loops import which_came_back
from agents.services.forwarding.queue import (
    Wanted,
    enqueue,
    enqueue_unanswered,
    forward_unanswered,
    is_set_up,
    open_lanes,
    wake_what_waits,
)
from agents.services.forwarding.retention import purge
from agents.services.forwarding.send import run

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

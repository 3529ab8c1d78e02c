"""What is not for the agent goes on to the previous workflow, once and in order."""

from __future__ import annotations

from agents.services.forwarding.loops import which_came_back
from agents.services.forwarding.queue import (
    Wanted,
    enqueue,
    forward_unanswered,
    is_set_up,
    wake_what_waits,
)
from agents.services.forwarding.retention import purge
from agents.services.forwarding.send import run

__all__ = [
    "Wanted",
    "enqueue",
    "forward_unanswered",
    "is_set_up",
    "purge",
    "run",
    "wake_what_waits",
    "which_came_back",
]

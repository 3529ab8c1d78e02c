"""The jobs of the queue: each takes an id and calls one service.

The queue only wakes; our rows remember. No job is tried again by the queue, and none
holds a queue lock: a crashed one would block its conversation for ever. `sweep` finds
in our rows whatever a crash left behind.
"""

from __future__ import annotations

from procrastinate.contrib.django import app

from agents.services import turns
from agents.services.inbox import Wake
from agents.wakes import CHAT_QUEUE, TURN

INGEST = "agents.tasks.ingest"
INBOX_QUEUE = "inbox"
# Before everything else: what came in must be known first.
WAKE_INGEST = Wake(queue=INBOX_QUEUE, task=INGEST, priority=20)


@app.task(name=TURN, queue=CHAT_QUEUE)
async def turn(conversation_id: int) -> None:
    """Answer what waits in one conversation."""
    await turns.run_turn(conversation_id=conversation_id)

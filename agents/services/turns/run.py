from __future__ import annotations


async def run_turn(*, conversation_id: int) -> list[int]:
    """Answer what waits in the conversation; return the outbound messages to deliver.

    Returns quietly when nothing waits or another worker is at it.
    """
    del conversation_id
    return []

"""One answer of the agent, from the messages it claims to the reply in the outbox.

Start with `run`; a turn goes on through `claim`, `drafting` with `tool_calls`, `close`.
"""

from __future__ import annotations

from agents.turns.run import run_turn

__all__ = ["run_turn"]

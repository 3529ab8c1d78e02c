from __future__ import annotations

from agents.tools.base import Payload, Tool, ToolContext, ToolResult

TOOLS: tuple[Tool, ...] = ()


def offered(context: ToolContext) -> tuple[Tool, ...]:
    """Return the tools a turn of this person offers, by role and by flags."""
    raise NotImplementedError


def execute(
    name: str, arguments: Payload, context: ToolContext, *, confirmed: bool = False
) -> ToolResult:
    """Run one call inside the caller's `atomic()`; refusals are results, not errors.

    `confirmed` is for the press of a PendingAction's button, with its exact arguments.
    """
    raise NotImplementedError

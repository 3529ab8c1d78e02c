from __future__ import annotations

from typing import TYPE_CHECKING

from agents.tools.base import Pending, ToolResult

if TYPE_CHECKING:
    from agents.tools.base import Call, Payload


def ask(call: Call, operation: str, arguments: Payload, question: str) -> ToolResult:
    """Return the question whose button does exactly this operation."""
    return ToolResult(
        {
            "success": False,
            "code": "confirmation_needed",
            "error": "The person is asked to press a button; nothing is changed yet.",
            "display": question,
        },
        pending=Pending(
            operation=operation,
            arguments=arguments,
            question=question,
            confirm_title=call.text("button.confirm"),
            cancel_title=call.text("button.cancel"),
        ),
    )

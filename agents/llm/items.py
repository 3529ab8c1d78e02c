from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from agents.llm.model import Item, ToolRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

type Ending = Literal["done", "refusal", "incomplete"]


def user(text: str) -> Item:
    return {"role": "user", "content": text}


def assistant(text: str) -> Item:
    return {"role": "assistant", "content": text}


def developer(text: str) -> Item:
    return {"role": "developer", "content": text}


def function_call(*, call_id: str, name: str, arguments: str) -> Item:
    return {
        "type": "function_call",
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def function_call_output(request: ToolRequest, output: dict[str, Any]) -> Item:
    return {
        "type": "function_call_output",
        "call_id": request.call_id,
        "output": json.dumps(output, ensure_ascii=False, default=str),
    }


def requests_without_output(items: Sequence[Item]) -> list[tuple[int, ToolRequest]]:
    """Return each call without an output, with its ordinal among the calls of the turn."""
    waiting: list[tuple[int, ToolRequest]] = []
    ordinal = 0
    for item in items:
        if item.get("type") == "function_call":
            request = ToolRequest(item["call_id"], item["name"], item["arguments"])
            waiting.append((ordinal, request))
            ordinal += 1
        elif item.get("type") == "function_call_output":
            waiting = [
                (place, request)
                for place, request in waiting
                if request.call_id != item["call_id"]
            ]
    return waiting


def text_of(item: Item) -> str:
    """Return the text of an assistant message, or an empty string."""
    if item.get("role") != "assistant":
        return ""
    content = item.get("content")
    if isinstance(content, str):
        return content
    parts = content or ()
    return "".join(
        part.get("text", "") for part in parts if part.get("type") == "output_text"
    )


def ending_of(items: Sequence[Item]) -> tuple[Ending, str] | None:
    """Return how the stored items end the turn, or None when they do not."""
    if not items or items[-1].get("role") != "assistant":
        return None
    last = items[-1]
    if last.get("status") == "incomplete":
        return "incomplete", text_of(last)
    content = last.get("content")
    if not isinstance(content, str) and any(
        part.get("type") == "refusal" for part in content or ()
    ):
        return "refusal", ""
    return "done", text_of(last)

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

from agents.llm.model import Item, ToolRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

FINAL = "final_answer"
# https://platform.openai.com/docs/api-reference/responses
PHASES = frozenset({"commentary", FINAL})

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


@dataclass(frozen=True, slots=True)
class Answer:
    """What the messages of one response say to the person."""

    text: str = ""
    refused: bool = False
    incomplete: bool = False


def answer_of(messages: Sequence[Item]) -> Answer | None:
    """Return the final answer of these assistant messages; None when there is none.

    Newer models label each message: `commentary` is written for themselves, between
    tool calls, and is never sent. Without labels the last message is the answer.
    """
    final = [item for item in messages if item.get("phase") == FINAL]
    unlabelled = [item for item in messages if item.get("phase") is None]
    chosen = final or unlabelled[-1:]
    if not chosen:
        return None
    texts = [text for item in chosen if (text := text_of(item)).strip()]
    return Answer(
        text="\n\n".join(texts),
        refused=any(map(_is_refusal, chosen)),
        incomplete=any(item.get("status") == "incomplete" for item in chosen),
    )


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
    backwards = takewhile(lambda item: item.get("role") == "assistant", reversed(items))
    answer = answer_of([*backwards][::-1])
    if answer is None:
        return None
    if answer.incomplete:
        return "incomplete", answer.text
    return ("refusal", "") if answer.refused else ("done", answer.text)


def _is_refusal(item: Item) -> bool:
    content = item.get("content")
    parts = () if isinstance(content, str) else content or ()
    return any(part.get("type") == "refusal" for part in parts)

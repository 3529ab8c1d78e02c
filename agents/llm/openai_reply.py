"""Parse an answer of the Responses API into a ModelReply.

The SDK does not validate its objects, and returns a string for a page of HTML. So the
JSON is parsed here as untrusted input.
"""

from __future__ import annotations

import json
from typing import Any

from agents.llm.items import FINAL, PHASES, answer_of
from agents.llm.model import Item, ModelError, ModelReply, ToolRequest, Usage
from agents.llm.openai_errors import failed_answer

MAX_BODY = 2_000_000
MAX_ITEMS = 64
# Above every text that is sent; longer texts are cut.
MAX_TEXT = 20_000
MAX_ARGUMENTS = 4_001
# The fields of each kind of item that are sent back; others are dropped.
KEPT = {
    "message": ("id", "type", "status", "role", "content", "phase"),
    "function_call": ("id", "type", "status", "call_id", "name", "arguments"),
    "reasoning": ("id", "type", "summary", "encrypted_content"),
}


def read_reply(body: bytes) -> ModelReply:
    """Return the reply, or raise ModelError for an invalid answer."""
    answer = _object(body)
    status = answer.get("status")
    if status == "failed":
        error = answer.get("error")
        code = error.get("code") if isinstance(error, dict) else ""
        raise failed_answer(str(code))
    if status not in {"completed", "incomplete"}:
        raise ModelError("malformed")
    output = answer.get("output")
    if not isinstance(output, list) or len(output) > MAX_ITEMS:
        raise ModelError("malformed")
    items = [item for entry in output if (item := _item(entry))]
    calls = [
        ToolRequest(item["call_id"], item["name"], item["arguments"])
        for item in items
        if item["type"] == "function_call"
    ]
    details = answer.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    said = answer_of([item for item in items if item["type"] == "message"])
    return ModelReply(
        items=items,
        text=said.text if said else "",
        calls=calls,
        usage=_usage(answer.get("usage")),
        refused=reason == "content_filter" or (said is not None and said.refused),
        incomplete=status == "incomplete",
        model=str(answer.get("model") or "")[:80],
    )


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY:
        raise ModelError("too_large")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise ModelError("not_json") from None
    if not isinstance(answer, dict):
        raise ModelError("malformed")
    return answer


def _item(entry: Any) -> Item | None:
    """Return an item of a known kind as it is sent back, or None."""
    if not isinstance(entry, dict) or entry.get("type") not in KEPT:
        return None
    kind = entry["type"]
    item = {name: entry[name] for name in KEPT[kind] if entry.get(name) is not None}
    if kind == "function_call":
        return _call(item)
    if kind == "message":
        if item.get("role", "assistant") != "assistant":
            return None
        item["role"] = "assistant"
        if item.get("phase", FINAL) not in PHASES:
            # A phase of the future is no final answer, and could not be sent back.
            item["phase"] = "commentary"
        item["content"] = [
            part for raw in _list(item, "content") if (part := _part(raw))
        ]
        return item
    item.setdefault("summary", [])
    # OpenAI stores nothing, so reasoning without content is useless.
    return _cleaned(item) if item.get("encrypted_content") else None


def _call(item: Item) -> Item:
    for name in ("call_id", "name", "arguments"):
        if not isinstance(item.get(name), str):
            raise ModelError("malformed")
    if not 0 < len(item["call_id"]) <= 64:
        raise ModelError("malformed")
    item["name"] = item["name"][:64]
    item["arguments"] = item["arguments"][:MAX_ARGUMENTS]
    result: Item = _cleaned(item)
    return result


def _part(raw: Any) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        return None
    if raw.get("type") == "output_text" and isinstance(raw.get("text"), str):
        text = _cleaned(raw["text"][:MAX_TEXT])
        return {"type": "output_text", "text": text, "annotations": []}
    if raw.get("type") == "refusal":
        return {"type": "refusal", "refusal": _cleaned(str(raw.get("refusal"))[:500])}
    return None


def _list(item: Item, name: str) -> list[Any]:
    value = item.get(name)
    return value if isinstance(value, list) else []


def _usage(raw: Any) -> Usage:
    if not isinstance(raw, dict):
        return Usage()
    details = raw.get("input_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    total = _count(raw.get("input_tokens"))
    return Usage(
        input_tokens=total,
        cached_input_tokens=min(_count(cached), total),
        output_tokens=_count(raw.get("output_tokens")),
    )


def _count(value: Any) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return min(max(value, 0), 100_000_000) if is_number else 0


def _cleaned(value: Any) -> Any:
    """Remove NUL and lone surrogates, which PostgreSQL cannot store."""
    if isinstance(value, str):
        whole = value.replace("\x00", "").encode("utf-16-le", "surrogatepass")
        return whole.decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_cleaned(entry) for entry in value]
    return value

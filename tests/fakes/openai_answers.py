"""What the fake OpenAI answers: real-shaped responses, and ways to fail."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

type Mode = Literal["whole", "hang", "drop", "half", "slow"]


@dataclass(frozen=True)
class Answer:
    """A response; `output` holds items, ids are added when it is sent."""

    output: tuple[dict[str, Any], ...] = ()
    status: str = "completed"
    reason: str | None = None
    error: dict[str, str] | None = None
    # Seconds that the model takes.
    delay: float = 0.0
    # The model answers only when the test calls `FakeOpenAI.release`.
    held: bool = False
    output_tokens: int | None = None


@dataclass(frozen=True)
class Failure:
    """Bytes that are no response, or a connection that misbehaves."""

    status: int = 500
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    mode: Mode = "whole"
    delay: float = 0.0


def text(words: str, *, delay: float = 0.0, held: bool = False) -> Answer:
    """The model answers in words."""
    return Answer((_message(words),), delay=delay, held=held)


def call(name: str, /, **arguments: Any) -> Answer:
    """The model calls one tool."""
    return calls(function_call(name, json.dumps(arguments)))


def calls(*items: dict[str, Any], delay: float = 0.0, held: bool = False) -> Answer:
    """The model calls several tools, or one with raw arguments: `function_call`."""
    return Answer(items, delay=delay, held=held)


def function_call(
    name: str, arguments: str, *, call_id: str | None = None
) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{uuid4().hex}",
        "call_id": call_id or f"call_{uuid4().hex[:24]}",
        "name": name,
        "arguments": arguments,
        "status": "completed",
    }


def output(*items: dict[str, Any], status: str = "completed") -> Answer:
    """Several output items in this order: `message`, `function_call`, any other."""
    return Answer(items, status=status)


def message(
    words: str = "", *, phase: str | None = None, refused: str = ""
) -> dict[str, Any]:
    """A message; newer models label it `commentary` or `final_answer`."""
    item = _message(words)
    if refused:
        item["content"] = [{"type": "refusal", "refusal": refused}]
    return item | ({"phase": phase} if phase else {})


def refusal(words: str = "I'm sorry, I can't help with that.") -> Answer:
    part = {"type": "refusal", "refusal": words}
    return Answer(({**_message(""), "content": [part]},))


def empty() -> Answer:
    """The model says nothing at all."""
    return Answer(())


def incomplete(words: str, reason: str = "max_output_tokens") -> Answer:
    message = {**_message(words), "status": "incomplete"}
    return Answer((message,), status="incomplete", reason=reason)


def failed(code: str = "server_error") -> Answer:
    """HTTP 200 whose response says that the model failed."""
    return Answer(status="failed", error={"code": code, "message": "It failed."})


def error(
    status: int,
    *,
    code: str | None = None,
    kind: str = "invalid_request_error",
    message: str = "The request failed.",
    retry_after: str | None = None,
    **headers: str,
) -> Failure:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if retry_after is not None:
        sent["retry-after"] = retry_after
    return Failure(status, json.dumps(body).encode(), headers=sent)


def unauthorized() -> Failure:
    return error(
        401, code="invalid_api_key", message="Incorrect API key provided: sk-***."
    )


def rate_limited(retry_after: str | None = None) -> Failure:
    return error(
        429,
        code="rate_limit_exceeded",
        kind="requests",
        message="Rate limit reached for gpt-5-mini in organization org-x.",
        retry_after=retry_after,
    )


def out_of_quota() -> Failure:
    return error(
        429,
        code="insufficient_quota",
        kind="insufficient_quota",
        message="You exceeded your current quota, please check your plan.",
    )


def server_error(status: int = 500) -> Failure:
    return error(status, kind="server_error", message="The server had an error.")


def html(status: int = 200) -> Failure:
    page = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
    return Failure(status, page, content_type="text/html")


def body(raw: bytes, status: int = 200) -> Failure:
    """Any bytes under the content type of JSON."""
    return Failure(status, raw)


def hang() -> Failure:
    """Take the request and never answer."""
    return Failure(mode="hang")


def drop() -> Failure:
    """Close the connection without an answer."""
    return Failure(mode="drop")


def half_body() -> Failure:
    """Promise a whole response, send half of it, and close."""
    return Failure(200, b'{"id": "resp_1", "object": "response", "out', mode="half")


def slow_bytes() -> Failure:
    """Send one byte at a time, so that no read ever times out by itself."""
    return Failure(200, b" " * 10_000, mode="slow")


def rendered(answer: Answer, request: dict[str, Any], thought: str | None) -> Any:
    """Return the response's JSON as OpenAI writes it."""
    output: list[dict[str, Any]] = []
    if thought is not None:
        output.append(
            {
                "id": f"rs_{uuid4().hex}",
                "type": "reasoning",
                "summary": [],
                "encrypted_content": thought,
            }
        )
    output += answer.output
    said = len(json.dumps(answer.output)) // 4
    asked = len(json.dumps([request.get("instructions"), request["input"]])) // 4
    details = {"reason": answer.reason} if answer.reason else None
    return {
        "id": f"resp_{uuid4().hex}",
        "object": "response",
        "created_at": 1_760_000_000,
        "status": answer.status,
        "background": False,
        "error": answer.error,
        "incomplete_details": details,
        "instructions": request.get("instructions"),
        "max_output_tokens": request.get("max_output_tokens"),
        "metadata": request.get("metadata") or {},
        "model": request["model"] + "-2025-08-07",
        "output": output,
        "parallel_tool_calls": request.get("parallel_tool_calls", True),
        "previous_response_id": request.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": request.get("safety_identifier"),
        "service_tier": "default",
        "store": request.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": request.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": asked,
            "input_tokens_details": {
                "cached_tokens": asked // 128 * 128 if asked > 1024 else 0
            },
            "output_tokens": answer.output_tokens or said,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + (answer.output_tokens or said),
        },
        "user": None,
    }


def _message(words: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": words, "annotations": [], "logprobs": []}
    return {
        "id": f"msg_{uuid4().hex}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }

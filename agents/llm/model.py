"""The interface of a model: items in, items out.

Items are dicts in the input format of OpenAI's Responses API, also for the offline
model: messages `{"role", "content"}`, `{"type": "function_call", "call_id", "name",
"arguments"}`, `{"type": "function_call_output", "call_id", "output"}`, and reasoning
items, which are stored and sent back unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

type Item = dict[str, Any]
type Memory = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more model calls; cached tokens are part of the input."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it; `parameters` is a strict JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool call of the model; the arguments are not validated yet."""

    call_id: str
    name: str
    arguments_json: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    instructions: str
    items: Sequence[Item]
    tools: Sequence[ToolSpec] = ()
    timeout_s: float = 30.0
    subject_hash: str = ""
    max_output_tokens: int = 1_000
    # False in the last model call of a turn, which must answer in words.
    may_call_tools: bool = True
    # State of the offline model between turns: what it asked last.
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelReply:
    """One answer; `items` are stored and sent with the next request."""

    items: list[Item]
    text: str = ""
    calls: list[ToolRequest] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    refused: bool = False
    incomplete: bool = False
    model: str = ""
    memory: Memory = field(default_factory=dict)
    # Id and title of buttons under the text; a press is read as the title.
    buttons: tuple[tuple[str, str], ...] = ()


class Model(Protocol):
    """Answers one request, or raises ModelError within `request.timeout_s`."""

    @property
    def name(self) -> str: ...

    async def respond(self, request: ModelRequest) -> ModelReply: ...


class ModelError(Exception):
    """The model gave no usable answer.

    `permanent` means that a retry cannot help (key refused, quota used up, request
    malformed); `retry_after` is the delay in seconds that the provider asked for. The
    text contains nothing from the provider, which may quote the conversation.
    """

    def __init__(
        self, code: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(f"the model did not answer: {code}")
        self.code = code
        self.permanent = permanent
        self.retry_after = retry_after

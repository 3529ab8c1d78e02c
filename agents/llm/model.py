"""What a model is to a turn: items in, items out.

Items are plain dicts in the input form of OpenAI's Responses API, whichever model
answers: messages `{"role", "content"}`, `{"type": "function_call", "call_id", "name",
"arguments"}`, `{"type": "function_call_output", "call_id", "output"}`, and reasoning
items, which are stored and handed back untouched.
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
    """Tokens of one or many model calls; the cached are part of the input."""

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
    """What the model asks for. The arguments are its words, not yet checked."""

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
    # False on the last call of a turn: the model must answer in words.
    may_call_tools: bool = True
    # What the offline model remembers between turns (what it asked last).
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelReply:
    """One answer; `items` is what to store and to send back next time."""

    items: list[Item]
    text: str = ""
    calls: list[ToolRequest] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    refused: bool = False
    incomplete: bool = False
    model: str = ""
    memory: Memory = field(default_factory=dict)


class Model(Protocol):
    """Answers one request, or raises ModelError within `request.timeout_s`."""

    @property
    def name(self) -> str: ...

    async def respond(self, request: ModelRequest) -> ModelReply: ...


class ModelError(Exception):
    """The model gave no usable answer.

    `permanent` means that asking again cannot help (key refused, quota used up,
    request malformed); `retry_after` is what the provider asked for, in seconds.
    The text holds no word of the provider, which may quote the conversation.
    """

    def __init__(
        self, code: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(f"the model did not answer: {code}")
        self.code = code
        self.permanent = permanent
        self.retry_after = retry_after

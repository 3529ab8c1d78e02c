"""The agent loop: call the model and its tools until it answers in words.

No state lives in memory only. `on_items` stores each answer of the model before its tools
run, and each tool output before the next model call. A turn that died is resumed from the
stored `Progress`: calls without an output run first, with the same ordinals, and a stored
final answer is used as it is. Cancellation is therefore safe at every await.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from agents.core.clock import Clock, MonotonicClock
from agents.llm.arguments import ArgumentsError, parse_arguments
from agents.llm.items import ending_of, function_call_output, requests_without_output
from agents.llm.model import (
    Item,
    Memory,
    Model,
    ModelError,
    ModelReply,
    ModelRequest,
    ToolRequest,
    Usage,
)

type CallTool = Callable[[int, ToolRequest], Awaitable[dict[str, Any]]]
# Model name and usage of the turn: tells whether another model call is allowed.
type MaySpend = Callable[[str, Usage], bool]
# The new items, and the usage of the model call that made them.
type OnItems = Callable[[list[Item], Usage], Awaitable[None]]
type Stopped = Literal[
    "done", "calls", "time", "tokens", "cost", "refusal", "incomplete", "empty"
]


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """The limits of one turn, over all its attempts."""

    model_calls: int = 6
    tool_calls: int = 8
    seconds: float = 30.0
    tokens: int = 60_000
    # One model call, its retries included.
    call_seconds: float = 25.0


@dataclass(frozen=True, slots=True)
class Progress:
    """The stored state of an earlier attempt at this turn."""

    items: Sequence[Item] = ()
    usage: Usage = field(default_factory=Usage)
    model_calls: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool call, its ordinal in the turn, and its output."""

    ordinal: int
    request: ToolRequest
    output: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoopResult:
    text: str
    # All items of the turn, those of earlier attempts included.
    items: list[Item]
    # The usage of all attempts at this turn.
    usage: Usage
    # The calls answered by this attempt, refused ones included.
    calls: list[ToolRun]
    stopped: Stopped
    model: str
    model_calls: int
    memory: Memory = field(default_factory=dict)
    buttons: tuple[tuple[str, str], ...] = ()


@dataclass(kw_only=True)
class AgentLoop:
    """One turn; `request.items` is the history and the person's messages.

    `call_tool(ordinal, request)` receives only calls of offered tools with valid
    arguments; the ordinal counts the calls of the turn and is stable on resume.
    """

    model: Model
    request: ModelRequest
    call_tool: CallTool
    on_items: OnItems
    limits: LoopLimits = field(default_factory=LoopLimits)
    clock: Clock = field(default_factory=MonotonicClock)
    progress: Progress = field(default_factory=Progress)
    may_spend: MaySpend | None = None

    def __post_init__(self) -> None:
        self.items: list[Item] = list(self.progress.items)
        self.usage = self.progress.usage
        self.model_calls = self.progress.model_calls
        self.memory = self.request.memory
        self.buttons: tuple[tuple[str, str], ...] = ()
        self.model_name = self.model.name
        self.runs: list[ToolRun] = []
        self.deadline = self.clock.now() + self.limits.seconds - self.progress.seconds
        self.specs = {spec.name: spec for spec in self.request.tools}

    async def run(self) -> LoopResult:
        """Run the turn. Raises ModelError when the model fails; stored items stay."""
        await self._answer_open_calls()
        if ending := ending_of(self.items):
            return self._result(*ending)
        empty_answers = 0
        while empty_answers < 2:
            if stopped := self._exhausted():
                return self._result(stopped)
            reply = await self._ask()
            if reply is None:
                return self._result("time")
            if reply.refused or reply.incomplete:
                text = "" if reply.refused else reply.text
                return self._result("refusal" if reply.refused else "incomplete", text)
            if await self._answer_open_calls():
                continue
            if reply.text.strip():
                return self._result("done", reply.text)
            empty_answers += 1
        return self._result("empty")

    def _exhausted(self) -> Stopped | None:
        if self.model_calls >= self.limits.model_calls:
            return "calls"
        if self.usage.total >= self.limits.tokens:
            return "tokens"
        if self.may_spend and not self.may_spend(self.model_name, self.usage):
            return "cost"
        if self.deadline - self.clock.now() <= 0:
            return "time"
        return None

    async def _ask(self) -> ModelReply | None:
        """Call the model once and store its answer; None when the time ran out."""
        left = self.deadline - self.clock.now()
        request = replace(
            self.request,
            items=[*self.request.items, *self.items],
            timeout_s=min(left, self.limits.call_seconds),
            may_call_tools=self._may_call_tools(),
            memory=self.memory,
        )
        self.model_calls += 1
        try:
            # A second limit, for a model that does not respect its timeout.
            async with asyncio.timeout(request.timeout_s + 1.0):
                reply = await self.model.respond(request)
        except (ModelError, TimeoutError) as error:
            if self.clock.now() >= self.deadline:
                return None
            if isinstance(error, ModelError):
                raise
            raise ModelError("timeout") from None
        self.usage += reply.usage
        self.model_name = reply.model or self.model_name
        self.memory = reply.memory
        self.buttons = reply.buttons
        new = self._storable(reply)
        self.items += new
        await self.on_items(new, reply.usage)
        return reply

    def _may_call_tools(self) -> bool:
        asked = sum(item.get("type") == "function_call" for item in self.items)
        return (
            self.request.may_call_tools
            and self.model_calls + 1 < self.limits.model_calls
            and asked < self.limits.tool_calls
        )

    def _storable(self, reply: ModelReply) -> list[Item]:
        """Return the items to store: no partial calls, no reasoning without an answer.

        Call ids are made unique within the turn, because outputs are matched by them.
        """
        cut_short = reply.refused or reply.incomplete
        if not (cut_short or reply.calls or reply.text.strip()):
            return []
        taken = {item["call_id"] for item in self.items if "call_id" in item}
        new: list[Item] = []
        for item in reply.items:
            kind = item.get("type")
            if cut_short and kind in {"function_call", "reasoning"}:
                continue
            if kind == "function_call" and item["call_id"] in taken:
                new.append({**item, "call_id": f"call_{len(taken)}_again"})
            else:
                new.append(item)
            taken.update(entry["call_id"] for entry in new[-1:] if "call_id" in entry)
        return new

    async def _answer_open_calls(self) -> bool:
        """Give every open call exactly one output; return whether there was any."""
        waiting = requests_without_output(self.items)
        refused: list[Item] = []
        for ordinal, request in waiting:
            refusal = self._refusal(ordinal, request)
            output = refusal or await self.call_tool(ordinal, request)
            item = function_call_output(request, output)
            self.items.append(item)
            self.runs.append(ToolRun(ordinal, request, output))
            if refusal:
                refused.append(item)
            else:
                await self.on_items([*refused, item], Usage())
                refused = []
        if refused:
            await self.on_items(refused, Usage())
        return bool(waiting)

    def _refusal(self, ordinal: int, request: ToolRequest) -> dict[str, Any] | None:
        if ordinal >= self.limits.tool_calls:
            return _refused("too_many_calls", "No more tool calls in this turn.")
        spec = self.specs.get(request.name)
        if spec is None:
            return _refused("unknown_tool", "There is no such tool.")
        try:
            parse_arguments(request.arguments_json, spec.parameters)
        except ArgumentsError as error:
            return _refused("invalid_arguments", f"Not done: {error}.")
        return None

    def _result(self, stopped: Stopped, text: str = "") -> LoopResult:
        return LoopResult(
            text=text,
            items=self.items,
            usage=self.usage,
            calls=self.runs,
            stopped=stopped,
            model=self.model_name,
            model_calls=self.model_calls,
            memory=self.memory,
            buttons=self.buttons,
        )


def _refused(code: str, error: str) -> dict[str, Any]:
    return {"success": False, "code": code, "error": error}

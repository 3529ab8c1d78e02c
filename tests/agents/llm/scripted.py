"""Models and clocks without a wire, for what only the loop decides."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.llm.items import assistant, function_call
from agents.llm.model import ModelReply, ModelRequest, ToolRequest, Usage

ARGUMENTS = {"msisdn": "+250788000000"}


@dataclass
class Scripted:
    replies: list[ModelReply | Exception]
    name: str = "scripted"
    asked: list[ModelRequest] = field(default_factory=list)

    async def respond(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


@dataclass
class HandClock:
    at: float = 0.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def wants(name: str, arguments: str, *, call_id: str = "call_1") -> ModelReply:
    item = function_call(call_id=call_id, name=name, arguments=arguments)
    return ModelReply(
        items=[item],
        calls=[ToolRequest(call_id, name, arguments)],
        usage=Usage(100, 0, 10),
    )


def says(text: str, tokens: int = 10) -> ModelReply:
    return ModelReply(items=[assistant(text)], text=text, usage=Usage(100, 50, tokens))

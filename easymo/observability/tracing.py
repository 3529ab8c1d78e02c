"""Spans by OpenTelemetry's conventions for generative AI, when switched on.

The convention's names are defined only here. No span contains a message, arguments or a
result. `span_export` sends the spans.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.trace import Span

_tracer: trace.Tracer = trace.NoOpTracer()


def use(tracer: trace.Tracer) -> None:
    """Create all further spans of this process with a tracer."""
    global _tracer  # noqa: PLW0603 - one tracer for a process, set at its start
    _tracer = tracer


@contextmanager
def invoke_agent(
    name: str, *, channel: str, conversation: str, **attributes: str | int
) -> Iterator[Span]:
    """Span of one turn; ``conversation`` is a hash or row id, never a number."""
    known = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": name,
        "gen_ai.conversation.id": conversation,
        "app.channel": channel,
    }
    with _span(f"invoke_agent {name}", known | attributes) as span:
        yield span


@contextmanager
def chat(model: str, *, provider: str, **attributes: str | int) -> Iterator[Span]:
    """Span of one model call."""
    known = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
    }
    with _span(f"chat {model}", known | attributes) as span:
        yield span


@contextmanager
def execute_tool(tool: str, *, call_id: str, **attributes: str | int) -> Iterator[Span]:
    """Span of one tool call, without its arguments and result."""
    known = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool,
        "gen_ai.tool.call.id": call_id,
    }
    with _span(f"execute_tool {tool}", known | attributes) as span:
        yield span


def used(span: Span, *, model: str, input_tokens: int, output_tokens: int) -> None:
    """Record the usage of a model call on a span."""
    span.set_attribute("gen_ai.response.model", model)
    span.set_attribute("gen_ai.usage.input_tokens", input_tokens)
    span.set_attribute("gen_ai.usage.output_tokens", output_tokens)


@contextmanager
def _span(name: str, attributes: Mapping[str, str | int]) -> Iterator[Span]:
    with _tracer.start_as_current_span(
        name,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(trace.StatusCode.ERROR)
            raise

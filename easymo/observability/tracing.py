"""Spans by OpenTelemetry's conventions for generative AI, when switched on.

The convention's names are defined only here. No span contains a message, arguments or a
result. Exported spans are scrubbed at the last step, whatever created them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    Event,
    ReadableSpan,
    SpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.trace import Link, Status

from easymo.observability import leaks
from easymo.observability.fields import plain, scrub_text, scrubbed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opentelemetry.trace import Span
    from opentelemetry.util.types import Attributes

_NAME = "easymo"
_FORBIDDEN = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
)
_tracer: trace.Tracer = trace.NoOpTracer()


def start() -> TracerProvider | None:
    """Export spans when ``ENABLE_OTEL_TRACING`` is on."""
    if not settings.ENABLE_OTEL_TRACING:
        return None
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip("/")
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces" if endpoint else None)
    return install(BatchSpanProcessor(ScrubbingExporter(exporter)))


def install(processor: SpanProcessor) -> TracerProvider:
    """Send this process's spans through a processor; return their provider."""
    global _tracer  # noqa: PLW0603 - one tracer for a process, set at its start
    resource = Resource.create({"service.name": settings.OTEL_SERVICE_NAME})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer(_NAME)
    return provider


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


class ScrubbingExporter(SpanExporter):
    """Scrub names, attributes, events, links and status before an exporter sees them."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export scrubbed copies."""
        return self._inner.export([_clean_span(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the inner exporter down."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the inner exporter."""
        return self._inner.force_flush(timeout_millis)


def _clean_span(span: ReadableSpan) -> ReadableSpan:
    status = span.status
    return ReadableSpan(
        name=_text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_clean(span.attributes),
        events=[
            Event(_text(event.name), _clean(event.attributes), event.timestamp)
            for event in span.events
        ],
        links=[Link(link.context, _clean(link.attributes)) for link in span.links],
        kind=span.kind,
        status=Status(
            status.status_code,
            _text(status.description) if status.description else None,
        ),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _clean(attributes: Attributes) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    for key, value in (attributes or {}).items():
        if key in _FORBIDDEN:
            continue
        # Some of the convention's names end like keys of personal data.
        known = key.startswith(("gen_ai.", "exception.", "app.", "rollout."))
        clean[scrub_text(key)] = scrubbed(plain(value), "" if known else key)
    return cast("dict[str, Any]", leaks.guard_tree(clean, leaks.SPAN))


def _text(text: str) -> str:
    return leaks.guard(scrub_text(text), leaks.SPAN)

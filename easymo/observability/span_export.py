"""Export spans when tracing is switched on, scrubbed at the last step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
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

from easymo.observability import leaks, tracing
from easymo.observability.fields import plain, scrub_text, scrubbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.util.types import Attributes

_NAME = "easymo"
_FORBIDDEN = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
)


def start() -> TracerProvider | None:
    """Export spans when ``ENABLE_OTEL_TRACING`` is on."""
    if not settings.ENABLE_OTEL_TRACING:
        return None
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip("/")
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces" if endpoint else None)
    return install(BatchSpanProcessor(ScrubbingExporter(exporter)))


def install(processor: SpanProcessor) -> TracerProvider:
    """Send this process's spans through a processor; return their provider."""
    resource = Resource.create({"service.name": settings.OTEL_SERVICE_NAME})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(processor)
    tracing.use(provider.get_tracer(_NAME))
    return provider


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

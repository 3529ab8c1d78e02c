from __future__ import annotations

import gzip
import http.server
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from easymo.observability import span_export, tracing
from tests.canaries import ALINE, WORDS, leaks_in

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """Take real OTLP requests on the loopback."""
    arrived: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            arrived.append(str(ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    monkeypatch.setattr(tracing, "_tracer", tracing._tracer)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", arrived
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans__personal_attributes__leave_scrubbed(
    collector: tuple[str, list[str]],
) -> None:
    # Given
    address, arrived = collector
    exporter = span_export.ScrubbingExporter(OTLPSpanExporter(f"{address}/v1/traces"))
    provider = span_export.install(SimpleSpanProcessor(exporter))

    # When
    with (
        suppress(KeyError),
        tracing.invoke_agent("easymo", channel="whatsapp", conversation="7"),
        tracing.chat("gpt-5-mini", provider="openai") as span,
    ):
        tracing.used(span, model="gpt-5-mini", input_tokens=12, output_tokens=3)
        span.set_attribute("gen_ai.input.messages", WORDS)
        span.set_attribute("name", ALINE.name)
        span.add_event(f"for {ALINE.msisdn}", {"note": ALINE.code})
        with tracing.execute_tool(f"look_up {ALINE.msisdn}", call_id="c1"):
            raise KeyError(ALINE.msisdn)
    provider.shutdown()

    # Then
    sent = "\n".join(arrived)
    assert leaks_in(sent) == []
    for name in (
        "invoke_agent easymo",
        "chat gpt-5-mini",
        "execute_tool look_up +2507",
    ):
        assert name in sent
    assert "KeyError" in sent
    assert "gen_ai.usage.input_tokens" in sent


def test_start__switched_off__spans_cost_nothing(settings: Any) -> None:
    settings.ENABLE_OTEL_TRACING = False
    span_export.start()
    with tracing.execute_tool("look_up", call_id="c1") as span:
        span.set_attribute("x", 1)


def test_start__switched_on__exports_to_the_endpoint(
    collector: tuple[str, list[str]], settings: Any
) -> None:
    # Given
    address, arrived = collector
    settings.ENABLE_OTEL_TRACING = True
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"{address}/"
    settings.OTEL_SERVICE_NAME = "easymo-test"

    # When
    provider = span_export.start()
    with tracing.chat("m", provider="offline"):
        pass
    assert provider is not None
    provider.shutdown()

    # Then
    assert "easymo-test" in arrived[0]

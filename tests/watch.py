"""Look for canary people in everything that leaves this process, for the whole suite.

Log lines, kept lines, Sentry events, spans and metrics are read as they are handed to
their sink. A test during which one of them shows anything personal fails.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import sentry_sdk
from opentelemetry.sdk.trace.export import (
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from sentry_sdk.transport import Transport

from easymo.observability import lines, logs, metrics, sentry, span_export
from tests.canaries import leaks_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opentelemetry.sdk.trace import ReadableSpan
    from sentry_sdk.envelope import Envelope


@dataclass
class Findings:
    """What was seen, and what of it was personal."""

    seen: dict[str, int] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)

    def look(self, sink: str, text: str) -> None:
        """Note every canary in what a sink was given."""
        self.seen[sink] = self.seen.get(sink, 0) + 1
        for what in leaks_in(text):
            self.leaks.append(f"{sink}: {what} in {text[:400]}")


class EnvelopeReader(Transport):
    """Take Sentry's envelopes instead of the network."""

    findings = Findings()

    def capture_envelope(self, envelope: Envelope) -> None:
        """Read the envelope as it would be sent."""
        self.findings.look("sentry", envelope.serialize().decode(errors="replace"))


class SpanReader(SpanExporter):
    """Read spans as they would be exported."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Read each span."""
        for span in spans:
            self.findings.look("span", span.to_json(indent=None))
        return SpanExportResult.SUCCESS


def _reading(
    findings: Findings, sink: str, function: Callable[..., Any]
) -> Callable[..., Any]:
    @functools.wraps(function)
    def read(*args: Any, **kwargs: Any) -> Any:
        given = function(*args, **kwargs)
        findings.look(sink, given if isinstance(given, str) else _text(given))
        return given

    return read


def _text(given: Any) -> str:
    if isinstance(given, bytes):
        return given.decode()
    return json.dumps([given.event, given.fields], ensure_ascii=False)


class Watch:
    """The plugin: checks every sink from the first test to the last."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.told = 0
        self.patch = pytest.MonkeyPatch()

    def pytest_sessionstart(self) -> None:
        """Stand at the sinks."""
        for sink, owner, name in (
            ("log", logs.JsonLines, "format"),
            ("kept line", lines, "_row"),
            ("metrics", metrics, "generate_latest"),
        ):
            reading = _reading(self.findings, sink, getattr(owner, name))
            self.patch.setattr(owner, name, reading)
        EnvelopeReader.findings = self.findings
        options = sentry.options() | {"dsn": "http://key@127.0.0.1/1"}
        sentry_sdk.init(transport=EnvelopeReader, **options)
        exporter = span_export.ScrubbingExporter(SpanReader(self.findings))
        span_export.install(SimpleSpanProcessor(exporter))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """Fail the test that let something out."""
        yield
        fresh = self.findings.leaks[self.told :]
        self.told = len(self.findings.leaks)
        if fresh:
            pytest.fail("Personal data left:\n" + "\n".join(fresh[:5]), pytrace=False)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run for what came after the last test."""
        self.patch.undo()
        if self.findings.leaks[self.told :]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["canaries"] = [
                self.findings.seen,
                self.findings.leaks,
            ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what one of xdist's workers saw."""
        seen, leaks = getattr(node, "workeroutput", {}).get("canaries", ({}, []))
        self.findings.leaks += leaks
        for sink, n in seen.items():
            self.findings.seen[sink] = self.findings.seen.get(sink, 0) + n

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say that there was something to look at."""
        seen = ", ".join(
            f"{n} {sink}" for sink, n in sorted(self.findings.seen.items())
        )
        terminalreporter.write_line(
            f"canaries: looked at {seen or 'nothing'}; {len(self.findings.leaks)} leaks"
        )

"""Every sink passes the last look; what it finds is masked, counted and told."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from easymo.observability import candidates, leaks, logs, metrics, sentry, span_export
from easymo.observability.streams import GuardedStream
from tests.canaries import ALINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NATIONAL = "0" + ALINE.msisdn[4:]


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    """Begin and end with an empty queue and nothing counted."""

    def empty() -> None:
        while not leaks.waiting.empty():
            leaks.waiting.get()
        for sink in leaks.SINKS:
            leaks.taken(sink)

    empty()
    yield
    empty()


@pytest.fixture
def overlooking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scrubber overlooks everything: only the last look is left."""

    def as_it_is(text: str) -> str:
        return text

    monkeypatch.setattr("easymo.observability.fields.scrub", as_it_is)
    monkeypatch.setattr("easymo.observability.fields.mask_msisdn", str)


def found() -> list[tuple[str, str]]:
    seen = []
    while not leaks.waiting.empty():
        each = leaks.waiting.get()
        seen.append((each.sink, each.value))
    return seen


def test_guard__a_clean_line__is_counted_and_unchanged() -> None:
    assert leaks.guard("all is well", leaks.LOG) == "all is well"

    assert leaks.taken(leaks.LOG) == 1
    assert leaks.taken(leaks.LOG) == 0
    assert found() == []


def test_guard__a_finding__knows_its_cause() -> None:
    cause = "74f5b5e9-f8a0-477b-a7a5-f793db0dea64"

    with structlog.contextvars.bound_contextvars(correlation_id=cause):
        leaks.guard(ALINE.msisdn, leaks.LOG)

    assert str(leaks.waiting.get().correlation_id) == cause


def test_guard__more_than_may_wait__is_masked_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaks, "MOST_WAITING", 2)

    lines = [leaks.guard(ALINE.msisdn, leaks.LOG) for _ in range(5)]

    assert set(lines) == {"+2507***456"}
    assert len(found()) == 2


def test_guard__what_cannot_be_looked_at__does_not_leave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(text: str) -> list[Any]:
        raise ValueError(text)

    monkeypatch.setattr(candidates, "find", broken)

    assert leaks.guard(ALINE.msisdn, leaks.LOG) == "[cannot be shown]"


def test_guard_tree__any_depth_and_keys__is_one_line() -> None:
    tree = {"a": [{ALINE.msisdn: (NATIONAL, 7, None)}]}

    assert leaks.guard_tree(tree, leaks.SENTRY) == {
        "a": [{"+2507***456": ("+2507***456", 7, None)}]
    }
    assert leaks.taken(leaks.SENTRY) == 1


@pytest.mark.usefixtures("overlooking")
def test_log__the_scrubber_overlooks_a_number__the_last_look_does_not() -> None:
    record = logging.makeLogRecord({"msg": "sent", "to": NATIONAL, "levelno": 20})

    line = logs.JsonLines().format(record)

    assert json.loads(line)["to"] == "+2507***456"
    assert found() == [("log", ALINE.msisdn)]
    assert leaks.taken(leaks.LOG) == 1


@pytest.mark.usefixtures("overlooking")
@pytest.mark.parametrize(
    "send",
    [
        lambda: sentry._scrub_event({"message": NATIONAL}, {}),
        lambda: sentry._scrub_event(
            {"breadcrumbs": {"values": [{"message": NATIONAL}]}}, {}
        ),
        lambda: sentry._scrub_log(cast("Any", {"body": NATIONAL}), {}),
    ],
)
def test_sentry__the_scrubber_overlooks_a_number__the_last_look_does_not(
    send: Callable[[], Any],
) -> None:
    assert NATIONAL not in json.dumps(send())

    assert found() == [("sentry", ALINE.msisdn)]


@pytest.mark.usefixtures("overlooking")
def test_span__the_scrubber_overlooks_a_number__the_last_look_does_not() -> None:
    class Kept:
        spans: list[Any] = []

        def export(self, spans: Any) -> SpanExportResult:
            self.spans.extend(spans)
            return SpanExportResult.SUCCESS

        def shutdown(self) -> None: ...

    provider = TracerProvider()
    kept = Kept()
    provider.add_span_processor(
        SimpleSpanProcessor(span_export.ScrubbingExporter(kept))
    )
    with provider.get_tracer("tests").start_as_current_span(f"to {NATIONAL}") as span:
        span.set_attribute("to", NATIONAL)

    assert NATIONAL not in str(kept.spans[0].to_json())
    assert found() == [("span", ALINE.msisdn)] * 2


def test_metric__a_number_in_a_label__is_masked_and_figures_are_not() -> None:
    line = metrics._guarded(f'spoken_to{{to="{NATIONAL}"}} 250788123456\n')

    assert line == 'spoken_to{to="+2507***456"} 250788123456\n'
    assert found() == [("metric", ALINE.msisdn)]


def test_stream__a_library_prints_a_number__is_masked_and_told() -> None:
    under = io.StringIO()
    stream: Any = GuardedStream(under, leaks.STDERR)

    # In pieces, as print does it.
    print("calling", NATIONAL[:4], NATIONAL[4:], file=stream)

    assert under.getvalue() == "calling +2507***456\n"
    assert found() == [("stderr", ALINE.msisdn)]


def test_stream__a_handler_without_our_formatter__is_masked_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    under = io.StringIO()
    monkeypatch.setattr(sys, "stderr", GuardedStream(under, leaks.STDERR))
    handler = logging.StreamHandler()
    library = logging.getLogger("a.library.of.its.own")
    library.addHandler(handler)
    library.propagate = False
    try:
        library.warning("calling %s", NATIONAL)
    finally:
        library.removeHandler(handler)

    assert under.getvalue() == "calling +2507***456\n"
    assert found() == [("stderr", ALINE.msisdn)]


def test_stream__our_own_line__is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    under = io.StringIO()
    monkeypatch.setattr(sys, "stdout", GuardedStream(under, leaks.STDOUT))
    handler = logs.StandardOutput()
    handler.setFormatter(logs.JsonLines())

    handler.handle(logging.makeLogRecord({"msg": "hello", "levelno": 20}))

    assert json.loads(under.getvalue())["event"] == "hello"
    assert (leaks.taken(leaks.LOG), leaks.taken(leaks.STDOUT)) == (1, 0)


def test_stream__bytes_and_a_line_without_an_end__are_looked_at() -> None:
    under = io.StringIO()
    stream: Any = GuardedStream(under, leaks.STDOUT)

    stream.buffer.write(b"to " + NATIONAL.encode())
    assert under.getvalue() == ""
    stream.flush()

    assert under.getvalue() == "to +2507***456"


def test_stream__many_threads__lose_nothing() -> None:
    under = io.StringIO()
    stream: Any = GuardedStream(under, leaks.STDOUT)

    def work() -> None:
        for _ in range(200):
            stream.write("a whole line\n")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert under.getvalue() == "a whole line\n" * 800

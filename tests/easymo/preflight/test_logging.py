from __future__ import annotations

import io
import logging
import os
import sys
from typing import TYPE_CHECKING

import pytest

from easymo.observability import fields, leaks, logs, streams
from easymo.preflight import logging as preflight_logging
from tests import watch
from tests.easymo.preflight.requests import look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Forget what was scrubbed by parts that a test took out."""
    fields._scrub_name.cache_clear()
    yield
    fields._scrub_name.cache_clear()


def test_masked__our_chain__nothing_comes_out() -> None:
    found = look("logs.masked")

    assert found.status == "ok"
    assert f"{len(preflight_logging.CANARIES)} kinds" in found.detail


def test_masked__the_test_line__is_not_written_on(
    capfd: pytest.CaptureFixture[str],
) -> None:
    look("logs.masked")

    written = capfd.readouterr()
    assert preflight_logging.EVENT not in written.out + written.err


@pytest.fixture
def raw_file(tmp_path: Path) -> Iterator[Path]:
    """A handler that bypasses the scrubbing."""
    path = tmp_path / "raw.log"
    handler = logging.FileHandler(path)
    logging.getLogger().addHandler(handler)
    yield path
    logging.getLogger().removeHandler(handler)
    handler.close()


def test_masked__a_handler_that_bypasses__failed(raw_file: Path) -> None:
    found = look("logs.masked")

    assert (found.status, found.setting) == ("failed", "LOGGING")
    assert "number" in found.detail
    assert not any(text in found.detail for text in preflight_logging.CANARIES.values())
    # And the file is written to as before.
    logging.getLogger("after").warning("still here")
    assert raw_file.read_text() == "still here\n"


@pytest.mark.parametrize("kind", preflight_logging.CANARIES)
def test_masked__scrubbing_lets_one_through__failed(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # Given
    text = preflight_logging.CANARIES[kind]
    monkeypatch.setattr(
        logs,
        "_render",
        lambda record: logs._base(record, f"{preflight_logging.EVENT} {text}"),
    )

    # The suite's own watch would find the canary on its way, and rightly so.
    monkeypatch.setattr(watch, "leaks_in", lambda text: [])
    # And so would the last look at what leaves.
    monkeypatch.setattr(leaks, "guard", lambda text, sink: text)

    # When
    found = look("logs.masked")

    # Then
    assert found.status == "failed"
    assert kind in found.detail


def test_masked__nothing_comes_out_at_all__failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs.StandardOutput, "emit", lambda self, record: None)

    found = look("logs.masked")

    assert (found.status, found.setting) == ("failed", "LOG_LEVEL")


def test_masked__every_canary__is_something_we_mask() -> None:
    for kind, text in preflight_logging.CANARIES.items():
        if kind != "name":
            assert fields.scrub_text(text) != text


def test_ear__a_stream_of_its_own__hands_everything_else_on() -> None:
    real = io.StringIO()
    ear = preflight_logging._RecordingStream(real)

    ear.write("a line\n")
    ear.write(f"{preflight_logging.EVENT}\n")

    assert real.getvalue() == "a line\n"
    assert preflight_logging.EVENT in ear.getvalue()


@pytest.mark.parametrize(
    ("given", "status", "setting"),
    [
        ({}, "warning", "METRICS_TOKEN"),
        ({"SENTRY_DSN": "https://k@s.example/1"}, "warning", "METRICS_TOKEN"),
        (
            {"METRICS_TOKEN": "t", "ENABLE_OTEL_TRACING": True},
            "warning",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
        ({"METRICS_TOKEN": "t"}, "ok", ""),
    ],
)
def test_monitoring__each_state__told(
    settings: SettingsWrapper, given: dict[str, object], status: str, setting: str
) -> None:
    for name, value in given.items():
        setattr(settings, name, value)

    found = look("monitoring.endpoints")

    assert (found.status, found.setting) == (status, setting)


def test_masked__in_a_serving_process__heard_before_its_guarded_streams(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("stdout", "stderr"):
        guarded = streams.GuardedStream(getattr(sys, name), leaks.STDOUT)
        monkeypatch.setattr(sys, name, guarded)

    assert look("logs.masked").status == "ok"


def test_masked__a_closed_handler_to_nowhere__is_no_leak() -> None:
    handler = logging.FileHandler(os.devnull, mode="w", delay=True)
    handler.close()
    logging.getLogger().addHandler(handler)
    try:
        assert look("logs.masked").status == "ok"
    finally:
        logging.getLogger().removeHandler(handler)

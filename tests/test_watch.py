from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING

import pytest

from easymo.observability import fields, logs
from easymo.observability import leaks as last_look
from easymo.observability.logs import JsonLines
from tests.canaries import ALINE, PEOPLE, WORDS, leaks_in
from tests.watch import Findings, _reading

if TYPE_CHECKING:
    from collections.abc import Iterator

SAID = {
    "msisdn": ALINE.msisdn,
    "name": ALINE.name,
    "pin": ALINE.pin,
    "note": f"{ALINE.code} {ALINE.email} {ALINE.wamid}",
    "text": WORDS,
}


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Forget what was scrubbed by parts that a test took out."""
    fields._scrub_name.cache_clear()
    yield
    fields._scrub_name.cache_clear()


def findings_of_a_line() -> Findings:
    """Log personal data as a careless caller would; return the output."""
    # The suite's own watch reads the same formatter: step behind it.
    original = inspect.unwrap(JsonLines.format)
    findings = Findings()
    record = logging.makeLogRecord({"msg": f"to {ALINE.msisdn}", "fields": SAID})
    _reading(findings, "log", original)(JsonLines(), record)
    return findings


def without_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what would mask it once more."""
    monkeypatch.setattr(last_look, "guard", lambda text, sink: text)


def test_watch__scrubbing_in_place__finds_nothing() -> None:
    findings = findings_of_a_line()
    assert findings.seen == {"log": 1}
    assert findings.leaks == []


def test_watch__scrubbing_taken_out__finds_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    monkeypatch.setattr(logs, "scrubbed", lambda value, key="": value)
    monkeypatch.setattr(logs, "scrub_text", lambda text: text)
    without_last_look(monkeypatch)

    # When
    leaks = "\n".join(findings_of_a_line().leaks)

    # Then
    for what in ("number", "name", "PIN", "code", "e-mail", "message id", "words"):
        assert what in leaks


@pytest.mark.parametrize("part", ["mask_msisdn", "scrub"])
def test_watch__one_part_taken_out__finds_it(
    monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(fields, part, str)
    without_last_look(monkeypatch)
    assert findings_of_a_line().leaks != []


def test_leaks_in__harmless_line__finds_nothing() -> None:
    line = '{"timestamp": "2026-11-22T19:23:11.739154Z", "n": "+2507***456", "took": 0.739154}'
    assert leaks_in(line) == []


@pytest.mark.parametrize("person", PEOPLE)
def test_leaks_in__number_pulled_apart__finds_it(person: object) -> None:
    msisdn: str = person.msisdn  # type: ignore[attr-defined]
    assert leaks_in(" - ".join(msisdn[4:])) != []


@pytest.mark.parametrize(
    "id_", ["0x0722253809c2bdeccdd3bc02d8d6b7db", "0788999456c2bdec"]
)
def test_watch__id_of_a_trace_that_looks_like_a_number__is_none(id_: str) -> None:
    assert leaks_in(f'{{"trace_id": "{id_}"}}') == []
    assert leaks_in(f'{{"customer": "{id_}"}}') == ["a number"]
    assert leaks_in('{"customer_id": "0788999456"}') == ["a number"]

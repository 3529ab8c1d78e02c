"""The second look: what it sees, and what it leaves alone."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easymo.observability import candidates
from easymo.observability.fields import scrub_text
from tests.canaries import ALINE, BOSCO

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

NUMBER = ALINE.msisdn
NATIONAL = "0" + NUMBER[4:]


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        NUMBER[1:],
        "00" + NUMBER[1:],
        NATIONAL,
        f"{NATIONAL[:4]} {NATIONAL[4:7]} {NATIONAL[7:]}",
        f"+250 {NUMBER[4:7]}-{NUMBER[7:10]}-{NUMBER[10:]}",
        f"({NATIONAL[:4]}) {NATIONAL[4:7]}-{NATIONAL[7:]}",
        f"{NATIONAL[:4]}.{NATIONAL[4:7]}.{NATIONAL[7:]}",
        "%2B" + NUMBER[1:],
        "tel:" + NUMBER,
        json.dumps({"to": NUMBER[1:]}),
        "\uff0b" + "".join(chr(0xFF10 + int(digit)) for digit in NUMBER[1:]),
        NUMBER.replace("788", "\u00a0788\u00a0"),
        ALINE.wamid,
    ],
)
def test_find__a_number_however_it_is_written__is_found_and_masked(text: str) -> None:
    line = f"sent to {text} at once"

    found = candidates.find(line)

    assert {(each.kind, each.value) for each in found if each.is_strong} == {
        ("msisdn", NUMBER)
    }
    assert candidates.find(candidates.masked(line, found)) == []


def test_find__a_foreign_number__is_found() -> None:
    [found] = candidates.find("from +1 650 507 6520")

    assert found.value == "+16505076520"


def test_find__an_address__is_found_and_masked() -> None:
    line = f"to <{ALINE.email}>"

    found = candidates.find(line)

    assert candidates.masked(line, found) == "to <[e-mail]>"


def test_find__nine_bare_digits__are_weak_and_stay() -> None:
    line = f"took {NUMBER[4:]} ns"

    [found] = candidates.find(line)

    assert (found.value, found.is_strong) == (NUMBER, False)
    assert candidates.masked(line, [found]) == line


def test_find__a_whole_number_in_a_line_of_json__is_a_count() -> None:
    assert candidates.find(json.dumps({"took_ns": int(NUMBER[4:]), "n": 1})) == []


@pytest.mark.parametrize(
    "text",
    [
        "RWF 10,000",
        "amount=1000000 currency=RWF",
        "10000 20000 30000",
        "[788, 123, 456]",
        "1763850000",
        "1763850000.123456",
        "1763850000123",
        "1763850000123456789",
        "0.788123456",
        "250.788123456",
        "7.88123456e8",
        "78.81.234.56",
        "2026-11-22T22:44:03.912043Z",
        "2026-11-22 22:44",
        "+2507***456",
        "V7-KQ3M-82",
        "a3f788123456b",
        "0x0788123456",
        "easymo@127.0.0.1",
        "[e-mail]",
        "wamid:0123456789ab",
        "ports 5432 8000 9000",
    ],
)
def test_find__what_only_looks_alike__is_none(text: str) -> None:
    assert candidates.find(f"value {text} of it") == []
    assert candidates.find(json.dumps({"value": text, "then": 1})) == []


@given(st.uuids())
def test_find__a_uuid__is_none(value: uuid.UUID) -> None:
    assert candidates.find(f'{{"correlation_id": "{value}", "turn_id": 7}}') == []


@given(st.integers(min_value=1_600_000_000_000_000, max_value=2_000_000_000_000_000))
def test_find__an_epoch_in_any_unit__is_none(microseconds: int) -> None:
    for text in (
        microseconds,
        microseconds // 1_000,
        microseconds // 1_000_000,
        microseconds / 1_000_000,
    ):
        assert candidates.find(f"at {text} it was") == []


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_find__a_float__is_none(value: float) -> None:
    assert candidates.find(f'{{"share": {value!r}}}') == []


@given(st.text(max_size=60), st.sampled_from([NUMBER, NATIONAL, BOSCO.email]))
def test_find__what_the_scrubber_let_through__is_nothing(
    words: str, personal: str
) -> None:
    """Masking and detection share no code and agree on every person of the cast."""
    clean = scrub_text(f"{words} {personal} {words}")

    assert personal not in clean
    strong = [each for each in candidates.find(clean) if each.is_strong]
    assert [each for each in strong if each.value in {NUMBER, BOSCO.email}] == []


def test_find__a_clean_line__costs_little_more_than_parsing_it() -> None:
    line = json.dumps(
        {
            "timestamp": "2026-11-22T22:44:03.912043Z",
            "level": "info",
            "event": "ai.whatsapp.message.success",
            "correlation_id": "74f5b5e9-f8a0-477b-a7a5-f793db0dea64",
            "turn_id": 18_234,
            "milliseconds": 317,
        }
    )

    def effort(work: Callable[[str], object]) -> float:
        """Return the processor time of this thread."""
        begun = time.thread_time()
        for _ in range(1_000):
            work(line)
        return time.thread_time() - begun

    cost, reading = (
        min(effort(work) for _ in range(5)) for work in (candidates.find, json.loads)
    )
    assert cost < 20 * reading

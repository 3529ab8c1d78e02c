from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.arguments import ArgumentsError, parse_arguments

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "amount": {"type": ["integer", "null"]},
        "currency": {"type": "string", "enum": ["RWF"]},
        "codes": {"type": "array", "items": {"type": "string"}},
        "who": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["amount", "currency", "codes", "who"],
    "additionalProperties": False,
}
RIGHT = '{"amount": 5, "currency": "RWF", "codes": ["a"], "who": null}'


def test_parse_arguments__right_ones__are_returned() -> None:
    assert parse_arguments(RIGHT, SCHEMA) == {
        "amount": 5,
        "currency": "RWF",
        "codes": ["a"],
        "who": None,
    }


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (RIGHT.replace("5", "true"), "arguments.amount must be integer or null"),
        (RIGHT.replace("5", "5.5"), "arguments.amount must be"),
        (RIGHT.replace("5", "1e3"), "arguments.amount must be"),
        (RIGHT.replace("5", '"5"'), "arguments.amount must be"),
        (RIGHT.replace("RWF", "USD"), "none of the allowed values"),
        (RIGHT.replace('"a"', "1"), r"arguments.codes\[0\] must be string"),
        (RIGHT.replace("null", "7"), "arguments.who has a wrong type"),
        (RIGHT.replace('"who": null', '"role": "staff"'), "unknown keys"),
        (RIGHT.replace(', "who": null', ""), "arguments lacks who"),
        (RIGHT.replace('"who"', '"amount"'), "not valid JSON"),
        (RIGHT.replace("5", "Infinity"), "not valid JSON"),
        (RIGHT[:-5], "not valid JSON"),
        ("null", "must be one JSON object"),
        ("[" * 3_999, "not valid JSON"),
        (RIGHT + " " * 4_000, "too long"),
        (RIGHT.replace("5", "9" * 3_900), "arguments.amount is too large"),
    ],
)
def test_parse_arguments__wrong_ones__are_refused(wrong: str, words: str) -> None:
    with pytest.raises(ArgumentsError, match=words):
        parse_arguments(wrong, SCHEMA)


@given(st.text(max_size=200))
def test_parse_arguments__anything__fits_or_is_refused(raw: str) -> None:
    with pytest.raises(ArgumentsError):
        parse_arguments(raw, SCHEMA)

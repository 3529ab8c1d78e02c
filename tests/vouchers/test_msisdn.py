from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchers.msisdn import InvalidMsisdn, parse


@given(st.integers(0, 9_999_999), st.sampled_from(["+250", "250", "0", "00250"]))
def test_parse__spellings_of_a_rwandan_number__are_one_number(
    rest: int, prefix: str
) -> None:
    assert parse(f"{prefix}78{rest:07}") == f"+25078{rest:07}"


@given(st.text())
def test_parse__any_text__is_e164_or_refused(text: str) -> None:
    try:
        number = parse(text)
    except InvalidMsisdn:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number)
    assert parse(number) == number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0788123456", "+250788123456"),
        ("250788123456", "+250788123456"),
        ("+250 788 123 456", "+250788123456"),
        ("+250-788-123-456", "+250788123456"),
        ("+250788000000", "+250788000000"),
        ("+254712345678", "+254712345678"),
    ],
)
def test_parse__usual_spellings__are_accepted(written: str, number: str) -> None:
    assert parse(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "٠٧٨٨١٢٣٤٥٦", "０７８８１２３４５６", "＋250788123456", "O788123456",
        "+2507881234567", "0788", "", " ", "+", "++250788123456", "tel:+250788123456",
        "+250788123456;ext=5", "0788123456x12", "0788123456\x00", "0788123456\n",
        "0788\u200b123456", "0788\ud800123456", "999", "1" * 400, None, 250788123456,
        True, ["0788123456"],
    ],
)  # fmt: skip
def test_parse__no_valid_number__is_refused(written: object) -> None:
    with pytest.raises(InvalidMsisdn):
        parse(written)


SHORT = "The number is too short: digits are missing."
LONG = "The number is too long: it has too many digits."
INVALID = "This is no valid telephone number."


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("0788", SHORT),
        ("7", SHORT),
        ("078812345", SHORT),
        ("+25078812345", SHORT),
        ("25078812345", SHORT),
        ("0025078812345", SHORT),
        ("+1415", SHORT),
        ("788 123", SHORT),
        ("78812345", SHORT),
        ("7881234567", LONG),
        ("+12025550", INVALID),
        ("0012025550", INVALID),
        ("07881234567", LONG),
        ("+2507881234567", LONG),
        ("+2348031234567890", LONG),
        ("0123456789", INVALID),
        ("tel:0788123456", "The number must be digits, with or without +."),
        ("", "The number must be digits, with or without +."),
        (250788123456, "The number must be text."),
    ],
)
def test_parse__refused__has_an_exact_error_text(
    written: object, sentence: str
) -> None:
    with pytest.raises(InvalidMsisdn) as refusal:
        parse(written)

    assert str(refusal.value) == sentence

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchers.msisdn import InvalidMsisdn, parse


@given(st.integers(0, 9_999_999), st.sampled_from(["+250", "250", "0", "00250"]))
def test_parse__rwandan_number_however_written__is_one_number(
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
def test_parse__usual_spellings__are_taken(written: str, number: str) -> None:
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

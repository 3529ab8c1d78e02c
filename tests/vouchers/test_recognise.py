"""What a search is for: each kind in each spelling, and nothing else by mistake."""

from __future__ import annotations

from uuid import UUID

import pytest

from vouchers.codes import parse_code
from vouchers.recognise import recognise
from vouchers.services.envelopes import fresh_reference

# Fixed: every process of the suite collects the same cases.
CODE = parse_code("1317536202758634")
GROUPS = CODE.formatted.split()
WRONG = f"{CODE.digits[:-1]}{(int(CODE.digits[-1]) + 1) % 10}"
ID = UUID("7dddc31e-4d99-41bc-8581-7b088c457f83")


@pytest.mark.parametrize(
    "text",
    [
        *(CODE.digits, CODE.formatted, "-".join(GROUPS), ".".join(GROUPS)),
        *(f"  {CODE.formatted}\n", " ".join(CODE.digits), f"code {CODE.formatted}"),
    ],
)
def test_recognise__code_in_any_spelling__is_the_code(text: str) -> None:
    read = recognise(text)

    assert read.code is not None
    assert read.code.digits == CODE.digits
    assert (read.number, read.public_id, read.reference) == ("", None, "")


@pytest.mark.parametrize("text", [WRONG, " ".join(WRONG)])
def test_recognise__code_with_a_wrong_digit__is_mistyped(text: str) -> None:
    read = recognise(text)

    assert read.code is None
    assert read.is_mistyped_code


@pytest.mark.parametrize(
    "text",
    [
        *("0788123456", "+250788123456", "250788123456", "00250 788 123 456"),
        *("0788 123 456", "(0788) 123-456", "+250 (0)788 123 456", "788123456"),
    ],
)
def test_recognise__number_in_any_spelling__is_the_number(text: str) -> None:
    assert recognise(text).number == "+250788123456"


@pytest.mark.parametrize(
    "text", [str(ID), str(ID).upper(), f" {ID} ", f"{{{ID}}}", ID.hex]
)
def test_recognise__id_in_any_spelling__is_the_id(text: str) -> None:
    assert recognise(text).public_id == UUID(str(ID))


@pytest.mark.parametrize("number", range(20))
def test_recognise__fresh_reference__is_a_reference(number: int) -> None:
    reference = fresh_reference()

    assert recognise(reference.lower()).reference == reference
    assert recognise(f" {reference} ").reference == reference


@pytest.mark.parametrize(
    "text",
    ["Mukamana Aline", "Jean-Paul", "Ö", "", "   ", "\0", "' OR 1=1 --", "x" * 5_000],
)
def test_recognise__anything_else__is_no_code_number_or_id(text: str) -> None:
    read = recognise(text)

    assert (read.code, read.number, read.public_id) == (None, "", None)
    assert not read.is_mistyped_code
    assert "\0" not in read.text


@pytest.mark.parametrize(
    ("text", "digits"), [("0042", "0042"), ("42", ""), ("00421", "")]
)
def test_recognise__four_digits__can_be_the_last_of_a_code(
    text: str, digits: str
) -> None:
    assert recognise(text).last_digits == digits

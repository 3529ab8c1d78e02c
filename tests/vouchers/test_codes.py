from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchers.codes import (
    Code,
    InvalidCode,
    MistypedCode,
    damm_digit,
    find_codes,
    new_code,
    parse_code,
    passes_luhn,
)

bodies = st.text("0123456789", min_size=15, max_size=15)


def test_new_code__drawn__is_valid_and_no_card_number() -> None:
    # When
    drawn = [new_code() for _ in range(500)]

    # Then
    assert len({code.digits for code in drawn}) == 500
    for code in drawn:
        assert parse_code(code.digits) == code
        assert not passes_luhn(code.digits)
        assert code.formatted.replace(" ", "") == code.digits
        assert code.digits.endswith(code.last4)


@pytest.mark.parametrize(
    ("digits", "passes"),
    [
        # Test numbers that the card schemes publish.
        ("4111111111111111", True),
        ("5500005555555559", True),
        ("6011000990139424", True),
        ("4111111111111112", False),
        ("5500005555555554", False),
        ("6011000990139425", False),
    ],
)
def test_passes_luhn__card_number__is_recognised(digits: str, passes: bool) -> None:
    assert passes_luhn(digits) is passes


@given(bodies, st.integers(0, 15), st.integers(1, 9))
def test_parse__one_wrong_digit__raises_mistyped_code(
    body: str, place: int, step: int
) -> None:
    # Given
    digits = body + damm_digit(body)
    wrong = str((int(digits[place]) + step) % 10)

    # Then
    with pytest.raises(MistypedCode):
        parse_code(digits[:place] + wrong + digits[place + 1 :])


@given(bodies, st.integers(0, 14))
def test_parse__swapped_neighbours__raises_mistyped_code(body: str, place: int) -> None:
    # Given
    digits = body + damm_digit(body)
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]

    # Then
    if swapped != digits:
        with pytest.raises(MistypedCode):
            parse_code(swapped)


@given(st.text())
def test_parse__any_text__is_a_code_or_refused(text: str) -> None:
    try:
        code = parse_code(text)
    except InvalidCode:
        return
    assert code.digits.isascii()
    assert len(code.digits) == 16


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1234",
        "0" * 15,
        "0" * 17,
        "１２３４ ５６７８ ９０１２ ３４５６",
        "١٢٣٤١٢٣٤١٢٣٤١٢٣٤",
        "0000000000000000\n",
        "0000\u200b000000000000",
        "0000_0000_0000_0000",
        1234567890123456,
        None,
        b"0000000000000000",
    ],
)
def test_parse__no_sixteen_ascii_digits__is_refused(text: object) -> None:
    with pytest.raises(InvalidCode):
        parse_code(text)


def test_parse__spaces_and_dashes__are_ignored() -> None:
    code = new_code()
    assert parse_code(code.formatted) == code
    assert parse_code(f" {code.formatted.replace(' ', '-')} ") == code


def test_code__printed__hides_its_digits() -> None:
    code = new_code()
    assert code.digits not in f"{code} {code!r} {[code]}"


def test_hmacs__two_keys__writes_with_the_first_and_reads_both(settings) -> None:  # type: ignore[no-untyped-def]
    # Given
    code = Code("0000000000000000")
    settings.EASYMO_KEYS = {"old": b"o" * 32}
    stored = code.hmac

    # When
    settings.EASYMO_KEYS = {"new": b"n" * 32, "old": b"o" * 32}

    # Then
    again = Code(code.digits)
    assert again.hmac != stored
    assert stored in again.hmacs


def test_find_codes__in_a_sentence__finds_valid_and_mistyped() -> None:
    # Given
    code = new_code()
    slip = code.digits[:-1] + str((int(code.digits[-1]) + 1) % 10)

    # When
    good, bad = find_codes(f"mine is {code.formatted}, or {slip}?")

    # Then
    assert good.code == code
    assert bad.code is None


@pytest.mark.parametrize("text", ["+2507881234567890", "no digits", "1" * 14])
def test_find_codes__other_numbers__finds_nothing(text: str) -> None:
    assert find_codes(text) == []

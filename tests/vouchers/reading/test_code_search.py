from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import pytest

from tests.spellings import (
    BETWEEN_WORDS,
    NUMBERS,
    SCRIPTS,
    SEPARATORS,
    SIZES,
    WORDS,
    dictated,
    make_code,
    with_typo,
    written,
)
from vouchers.reading import signs
from vouchers.reading.code_search import search_codes

if TYPE_CHECKING:
    from types import FrameType

    from vouchers.reading.code_search import FoundCode

AROUND = (
    "{}",
    "redeem {} at Kimironko",
    "my code: *{}*",
    "code {}, 5000 for 0788123456",
)


def found_in(*texts: str) -> list[str]:
    return [each.digits for each in search_codes(texts)]


def left_of(*texts: str) -> str:
    """Return what stays of the texts."""
    return without(search_codes(texts), *texts)


def without(codes: list[FoundCode], *texts: str) -> str:
    kept = [list(text) for text in texts]
    for code in codes:
        for span in code.spans:
            kept[span.text][span.start : span.end] = "#" * (span.end - span.start)
    return "\n".join("".join(text) for text in kept)


@pytest.mark.parametrize("separator", SEPARATORS)
def test_search__any_separator_script_and_grouping__is_the_code(separator: str) -> None:
    wrong = []
    for script, sizes, around in itertools.product(SCRIPTS, SIZES, AROUND):
        code = make_code((separator, script, sizes, around))
        spelled = written(code, separator=separator, script=script, sizes=sizes)
        text = around.format(spelled)
        found = search_codes([text])
        kept = without(found, text)
        is_gone = not any(sign in kept for sign in SCRIPTS[script][5:]) or (
            script == "ascii" and around == AROUND[3]
        )
        if [each.digits for each in found] != [code] or not is_gone:
            wrong.append((script, text, kept))
    assert wrong == []


@pytest.mark.parametrize("separator", SEPARATORS)
def test_search__one_wrong_digit__is_found_and_no_code(separator: str) -> None:
    for sizes in SIZES[:5]:
        slip = with_typo(make_code((separator, sizes)))
        text = f"redeem {written(slip, separator=separator, sizes=sizes)} please"
        assert found_in(text) == [""], text
        assert not any(sign.isdigit() for sign in left_of(text))


@pytest.mark.parametrize("missing", [15, 17])
@pytest.mark.parametrize("separator", [" ", "-", "\u00a0", ".", ""])
def test_search__one_digit_too_few_or_many__is_found(
    missing: int, separator: str
) -> None:
    digits = (make_code(missing) + "7")[:missing]
    spelled = separator.join((digits[:4], digits[4:8], digits[8:12], digits[12:]))
    assert found_in(f"code {spelled}") == [""]


@pytest.mark.parametrize("between", BETWEEN_WORDS)
@pytest.mark.parametrize("language", WORDS)
def test_search__dictated_digits__are_the_code(language: str, between: str) -> None:
    for seed in range(6):
        code = make_code((language, between, seed))
        assert found_in(f"code: {dictated(code, language, between)}") == [code]


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("double five one two three oh four six seven eight nine one two triple zero", ""),
        ("forty-eight twenty-one ninety-three fifty sixty-seven seventy-four twelve"
         " oh eight", "4821935067741208"),
        ("quarante-huit, vingt et un, quatre-vingt-treize, cinquante, soixante-sept,"
         " soixante-quatorze, douze, zéro huit", "4821935067741208"),
        ("mirongo ine n'umunani, makumyabiri na rimwe, mirongo cyenda na gatatu,"
         " mirongo itanu, mirongo itandatu na karindwi, mirongo irindwi na kane,"
         " cumi na kabiri, zeru umunani", "4821935067741208"),
        ("arobaini na nane, ishirini na moja, tisini na tatu, hamsini, sitini na saba,"
         " sabini na nne, kumi na mbili, sifuri nane", "4821935067741208"),
        ("four thousand eight hundred and twenty one, nine thousand three hundred and"
         " fifty, six thousand seven hundred and seventy four, one thousand two hundred"
         " and eight", "4821935067741208"),
        ("4821 nine three five zero 6774 one two oh eight", "4821935067741208"),
        ("for eight two won nine three five zero six seven seven four won to oh ate",
         "4821935067741208"),
    ],
)  # fmt: skip
def test_search__number_words__are_read_as_spoken(spoken: str, digits: str) -> None:
    assert found_in(spoken) == [digits]


@pytest.mark.parametrize(
    "text",
    [
        "4821 at first, 9350 second, then comes 6774 and last 1208",
        "first half 48219350 and the second half is 67741208",
        "1) 4821 2) 9350 3) 6774 4) 1208",
        "48I9 3506 6774 12O1",
    ],
)
def test_search__words_between_or_letters_for_digits__is_found(text: str) -> None:
    assert len(found_in(text)) == 1


@pytest.mark.parametrize("letters", ["oO", "lI", "sS", "oOlIsSzZ"])
@pytest.mark.parametrize("sizes", SIZES[:3])
def test_search__letters_for_several_digits__is_the_code(
    letters: str, sizes: tuple[int, ...]
) -> None:
    typed = dict(zip("oOlIsSzZ", "00115522", strict=True))
    for seed in range(20):
        code = make_code((letters, sizes, seed))
        spelled = written(code, sizes=sizes)
        for letter in letters:
            spelled = spelled.replace(typed[letter], letter, 1)
        # A group of letters only is a word.
        if all(any(map(str.isdigit, group)) for group in spelled.split()):
            assert found_in(f"redeem {spelled} please") == [code], spelled


@pytest.mark.parametrize(
    "cut", [(4,), (8,), (12,), (1,), (15,), (5,), (4, 8), (8, 12), (5, 9), (4, 8, 12)]
)
@pytest.mark.parametrize("around", ["{}", "my code is {}", "{} and", "*{}*"])
def test_search__split_over_messages__is_one_code(
    cut: tuple[int, ...], around: str
) -> None:
    for seed in range(10):
        code = make_code((cut, around, seed))
        places = (0, *cut, 16)
        parts = [code[a:b] for a, b in itertools.pairwise(places)]
        texts = [around.format(parts[0]), *parts[1:]]
        assert found_in(*texts) == [code]
        assert not any(sign.isdigit() for sign in left_of(*texts))


@pytest.mark.parametrize("number", [n for n in NUMBERS if n.isascii()])
@pytest.mark.parametrize("order", ["{n} {c}", "{c} {n}", "{c} for {n}", "5000 {c} {n}"])
def test_search__number_and_amount_beside_the_code__stay(
    number: str, order: str
) -> None:
    for seed in range(5):
        code = make_code((number, order, seed))
        text = order.format(n=number, c=written(code))
        assert found_in(text) == [code], text
        assert number in left_of(text)


@pytest.mark.parametrize(
    "amount",
    ["5000", "50", "100000", "1000000", "10 000", "100 000", "10,000", "482193"],
)
def test_search__number_and_amount__are_no_code(amount: str) -> None:
    found = {
        texts: codes
        for number in NUMBERS
        for texts in (
            (f"{number} {amount}",),
            (f"{amount} {number}",),
            (f"{number}\n{amount}",),
            (number, amount),
        )
        if (codes := found_in(*texts))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "5000 10000 20000 50000", "5000 10000 2000 500", "2026-11-30 02:38:41 5000",
        "30/11/2026 0788123456 500", "+250788123456 +250722314159",
        "+254712345678 5000", "+44 7911 123456 5000", "00254712345678 50",
        "VN-K2CZ-GG for 0788123456, 10000", "[code 1] and [code 2]", "meter 04123456789",
        "one for me and two for you, three if you can", "un bon de neuf mille",
    ],
)  # fmt: skip
def test_search__ordinary_numbers__are_no_code(text: str) -> None:
    assert found_in(text) == []


def test_search__two_codes__are_both_found() -> None:
    for separator in (" ", ", ", "\n", " and ", ""):
        for sizes in SIZES[:4]:
            if not separator and sizes != (16,):
                continue
            codes = [make_code((separator, sizes, seed)) for seed in (1, 2)]
            text = separator.join(written(code, sizes=sizes) for code in codes)
            assert found_in(text) == codes


@pytest.mark.parametrize(
    "text",
    ["1 " * 2_000, "1234 " * 800, "one two " * 500, "9" * 4_000],
)
def test_search__endless_digits__leaves_none_in_the_text(text: str) -> None:
    assert search_codes([text])


@pytest.mark.parametrize("between", ["", " ", "\n", ". "])
@pytest.mark.parametrize("number", [1, 40, 400])
def test_search__many_placeholders_in_a_row__in_little_memory(
    number: int, between: str
) -> None:
    text = between.join(["[code 1]"] * number)
    tokens = list(signs.tokens_of(text))
    assert sum(len(token.gap) for token in tokens) <= 2 * len(text)


ROWS = {
    "spaced digits": "7 ",
    "codes": "4821 7730 9912 5540. ",
    "mistyped codes": "1234567890123456, ",
    "groups": "4821 ",
    "amounts": "5000 ",
    "numbers": "0788123456 ",
    "words": "one two three four ",
    "letters for digits": "l1 ",
    "words between": "12345 is then ",
}


def steps_of(text: str) -> int:
    """Count the calls that a search needs: a measure of its work without a clock."""
    count = 0

    def step(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(step)
    try:
        search_codes([text])
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_search_codes__text_of_double_length__needs_double_the_work(row: str) -> None:
    # Given
    once = row * (4_000 // len(row))

    # Then
    assert steps_of(once + once) < 2.2 * steps_of(once)

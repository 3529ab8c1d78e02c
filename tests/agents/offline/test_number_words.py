from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.offline.number_words import read_spelled
from agents.offline.slots import read_slots
from agents.tools.plain_request import asks_to_issue

AMOUNTS = {
    1_000: ["one thousand", "mille", "igihumbi", "elfu moja", "1 thousand"],
    1_500: [
        "one thousand five hundred",
        "one thousand and five hundred",
        "mille cinq cents",
        "igihumbi na magana atanu",
        "elfu moja na mia tano",
    ],
    10_000: [
        "ten thousand",
        "10 thousand",
        "dix mille",
        "10 mille",
        "ibihumbi icumi",
        "y'ibihumbi icumi",
        "ibihumbi 10",
        "elfu kumi",
        "elfu 10",
    ],
    15_000: ["fifteen thousand", "quinze mille", "ibihumbi cumi na bitanu"],
    21_000: ["twenty-one thousand", "vingt et un mille"],
    25_000: [
        "twenty five thousand",
        "vingt-cinq mille",
        "ibihumbi makumyabiri na bitanu",
    ],
    70_000: ["seventy thousand", "soixante-dix mille", "septante mille"],
    90_000: ["quatre-vingt-dix mille", "nonante mille", "ibihumbi mirongo cyenda"],
    500: ["five hundred", "cinq cents", "magana atanu", "mia tano"],
    550: ["five hundred and fifty", "cinq cent cinquante", "mia tano na hamsini"],
}


@pytest.mark.parametrize(
    ("amount", "words"),
    [(a, words) for a, several in AMOUNTS.items() for words in several],
)
def test_read_slots__amount_in_words__is_understood_but_not_as_digits(
    amount: int, words: str
) -> None:
    slots = read_slots(f"{words} 0788000000")

    assert (slots.amount, slots.amount_in_words) == (amount, True)
    text = f"create voucher {words} 0788000000"
    assert not asks_to_issue([text], amount=amount, msisdn="+250788000000")


@pytest.mark.parametrize(
    "words",
    [
        # 15,000 to one, 10,005 to another
        "elfu kumi na tano",
        "ibihumbi icumi na bitanu",
        # Thousands are often left out in speech
        "bitanu",
        "kumi",
        "ten",
        "cinq",
        # Nonsense, or two numbers
        "thousand million",
        "ten and five thousand",
        "elfu moja mia tano",
        "five thousand, six thousand",
        "dix mille ou elfu tano",
        "10 thousand five hundred",
        "ten dozen",
        "ibihumbi",
        "elfu",
        "0 thousand",
        "10.5 thousand",
        "1,5 mille",
    ],
)
def test_read_slots__unclear_words__are_no_amount(words: str) -> None:
    assert read_slots(words).amount is None


@pytest.mark.parametrize("text", ["a voucher", "one voucher", "un bon", "vocha moja"])
def test_read_slots__article__is_no_amount(text: str) -> None:
    slots = read_slots(f"{text} 5000")

    assert slots.amount == 5_000


number_words = st.sampled_from(
    [
        "one",
        "ten",
        "hundred",
        "thousand",
        "and",
        "deux",
        "cent",
        "mille",
        "et",
        "vingt",
        "quatre",
        "elfu",
        "mia",
        "kumi",
        "na",
        "tano",
        "ibihumbi",
        "cumi",
        "bitanu",
        "magana",
        "abiri",
        "mirongo",
        "itatu",
        "igihumbi",
        "#",
        ";",
        "y'ibihumbi",
    ]
)


@given(st.lists(number_words, max_size=12))
def test_read_spelled__any_words__never_raises_nor_invents(words: list[str]) -> None:
    found = read_spelled(" ".join(words))

    assert all(100 <= value < 10_000_000 for value in found.values)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools.plain_request import asks_to_issue, asks_to_redeem

NUMBER = "+250788123456"


@pytest.mark.parametrize(
    "texts",
    [
        ["create voucher 10000 for +250788123456"],
        ["issue 10000 to 0788123456"],
        ["Please create a voucher of RWF 10000 for 0788 123 456"],
        ["create voucher of 10000frw for +250 788-123-456"],
        ["create voucher", "10000", "0788123456"],
        ["créer un bon de 10000 pour 0788123456"],
        ["tanga voucher ya 10000 kuri 0788123456"],
        ["tengeneza vocha ya 10000 kwa 0788123456"],
        ["create voucher 10000 for \u202a+250 788 123 456\u202c"],
    ],
)
def test_asks_to_issue__own_plain_words__are_found(texts: list[str]) -> None:
    assert asks_to_issue(texts, amount=10_000, msisdn=NUMBER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "create a voucher for them",
        "create voucher for 0788123456",
        "create voucher 10000",
        # Another amount, another number, two of them.
        "create voucher 1000 for 0788123456",
        "create voucher 100000 for 0788123456",
        "create voucher 10000 for 0788123457",
        "create voucher 10000 for 0788123456 and 0788123457",
        "create voucher 10000 or 5000 for 0788123456",
        "create voucher 10000 5000 for 0788123456",
        # Digits that are none, or that can be read in two ways.
        "create voucher ١٠٠٠٠ for 0788123456",
        "create voucher １００００ for 0788123456",
        "create voucher 10000 for ٠٧٨٨١٢٣٤٥٦",
        "create voucher 10000 for ０７８８１２３４５６",
        "create voucher 1٠٠٠٠ for 0788123456",
        "create voucher 10\u200b000 for 0788123456",
        "create voucher 10.000 for 0788123456",
        "create voucher 10,000 for 0788123456",
        "create voucher 10 000 for 0788123456",
        "create voucher 10000F for 0788123456",
        "create voucher 10000/= for 0788123456",
        "create voucher 10000? for 0788123456",
        "create voucher ~10000~ for 0788123456",
        'create voucher "10000" for 0788123456',
        "create voucher 10000… for 0788123456",
        "create voucher 10k for 0788123456",
        "create voucher 1e4 for 0788123456",
        "create voucher 10000.0 for 0788123456",
        "create voucher 10,00 for 0788123456",
        "create voucher -10000 for 0788123456",
        "create voucher minus 10000 for 0788123456",
        "create voucher 010000 for 0788123456",
        "create voucher 10 thousand for 0788123456",
        "create voucher ten thousand for 0788123456",
        "create voucher $10000 for 0788123456",
        "create voucher 10000 USD for 0788123456",
        "create voucher 10000%-off for 0788123456",
        "create voucher 10000 for 078812345",
        # The code's own digits are no amount.
        "create voucher [code 1] for 0788123456",
        # More than one voucher, or another one beside it.
        "create voucher 10000 10000 for 0788123456",
        "create voucher 10000 for 0788123456 0788123456",
        "create vouchers of 10000 for 0788123456",
        "create voucher 10000 for 0788123456 [code 1]",
        "create voucher 10000 for 0788123456 V7-KQ3M-82",
        # Not a request.
        "did you create voucher 10000 for 0788123456?",
        "don't create voucher 10000 for 0788123456",
        "he said: create voucher 10000 for 0788123456",
        '"create voucher 10000 for 0788123456"',
        "I created voucher 10000 for 0788123456",
        "can you create voucher 10000 for 0788123456?",
        "n'émets pas de bon de 10000 pour 0788123456",
    ],
)
def test_asks_to_issue__anything_else__is_the_buttons_turn(text: str) -> None:
    assert not asks_to_issue([text], amount=10_000, msisdn=NUMBER)


def redeems(
    *texts: str, own_station: bool = False, owner: str = NUMBER, placeholder: int = 1
) -> bool:
    return asks_to_redeem(
        texts,
        placeholder=placeholder,
        owner=owner,
        station=("Gisényi Road", "KMR-1"),
        must_name_station=not own_station,
    )


@given(st.lists(st.text(max_size=60), max_size=4))
def test_plain_request__any_text__never_raises(texts: list[str]) -> None:
    asks_to_issue(texts, amount=10_000, msisdn=NUMBER)
    redeems(*texts)


@given(st.text(alphabet="0123456789 .,-+٠١２k", max_size=24))
def test_asks_to_issue__digits_that_say_something_else__are_not_found(
    text: str,
) -> None:
    if asks_to_issue([f"create voucher {text}"], amount=10_000, msisdn=NUMBER):
        plain = text.replace(" ", "").replace(",", "")
        assert "10000" in plain
        assert "788123456" in plain.replace("-", "")


@pytest.mark.parametrize(
    "texts",
    [
        ["redeem [code 1] at gisenyi ROAD"],
        ["redeem", "[code 1]", "at KMR-1"],
        ["redeem [code 1] for 0788123456 at the Gisényi Road station"],
    ],
)
def test_asks_to_redeem__plain_words_and_the_station__are_found(
    texts: list[str],
) -> None:
    assert redeems(*texts)
    assert redeems(*texts, own_station=True)


@pytest.mark.parametrize(
    "text",
    [
        "redeem it",
        "redeem [code 2]",
        "redeem [code 1] and [code 2]",
        "redeem [code 1] or V7-KQ3M-82",
        "don't redeem [code 1]",
        "did you redeem [code 1]?",
        "redeem [mistyped code]",
        # Another owner, another station, a part of the value.
        "redeem [code 1] for 0788123457",
        "redeem [code 1] at Gisenyi",
        "redeem [code 1] at Gisenyi Road 2",
        "redeem 5000 of [code 1]",
        "redeem [code 1] 5000 francs",
    ],
)
def test_asks_to_redeem__anything_else__is_the_buttons_turn(text: str) -> None:
    assert not redeems(text, own_station=True)
    assert not redeems(text)


def test_asks_to_redeem__no_station_where_one_is_needed__is_not_found() -> None:
    assert redeems("redeem [code 1]", own_station=True)
    assert not redeems("redeem [code 1]")
    assert not redeems("redeem [code 1] here")

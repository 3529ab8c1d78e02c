from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.unsupported_claims import Facts, Problem, check_claims, claimed_in
from tests.agents.llm.claim_table import HARMLESS, STATES, UNBACKED, lines

NOTHING = Facts()
ISSUED = Facts(
    operations=frozenset({"issued"}),
    amounts=frozenset({Decimal(10_000)}),
    references=frozenset({"V7-KQ3M-82"}),
    shown=("Voucher V7-KQ3M-82 of RWF 10,000 for +2507***000, until 20 February 2027",),
    own_text="create voucher 10000 for +250788000000",
)


def problems_of(texts: list[str]) -> dict[str, frozenset[Problem]]:
    assert texts
    return {text: check_claims(text, NOTHING).problems for text in texts}


def test_check_claims__finished_act_without_a_row__is_held_back() -> None:
    found = problems_of([line for block in UNBACKED.values() for line in lines(block)])

    assert {text for text, said in found.items() if "operation" not in said} == set()


def test_check_claims__state_that_was_not_read__is_held_back() -> None:
    found = problems_of(lines(STATES))

    assert {
        t for t, said in found.items() if not said & {"status", "operation"}
    } == set()


def test_check_claims__offer_question_or_denial__may_be_sent() -> None:
    assert {t: said for t, said in problems_of(lines(HARMLESS)).items() if said} == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ten thousand francs for you", "amount"),
        ("It would be 10,000", "amount"),
        ("It would be １０,０００", "amount"),
        ("It would be 1\u200b0\u200b0\u200b0\u200b0", "amount"),
        ("dix mille francs", "amount"),
        ("ibihumbi icumi", "amount"),
        ("elfu kumi", "amount"),
        ("RWF 5", "amount"),
        ("Its reference: V7-KQ3M-82", "reference"),
        ("Its reference: v7 kq3m 82", "reference"),
        ("Its reference: V7\u2011KQ3M\u201182", "reference"),
        ("01997d3c-6a6e-7000-8000-000000000001", "reference"),
        ("1234 5678 9012 3456", "code"),
        ("1234-5678-9012-3456", "code"),
        ("1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6", "code"),
        ("1234\u200b5678\u200b9012\u200b3456", "code"),
        ("*1234* *5678* *9012* *3456*", "code"),
        ("one two three four five six seven eight", "code"),
        ("{code:5}", "code"),
        ("{ CODE : 5 }", "code"),
        ("已完成", "language"),
        ("تم إصدار القسيمة", "language"),
        ("Готово и выдано", "language"),
        ("x" * 5_000, "length"),
    ],
)
def test_check_claims__figure_without_a_row__is_held_back(
    text: str, problem: Problem
) -> None:
    assert problem in check_claims(text, NOTHING).problems


@pytest.mark.parametrize(
    "text",
    [
        "The voucher of RWF 10,000 was issued.",
        "Done: voucher V7-KQ3M-82, 10 000 RWF.",
        "It's done, ten thousand francs for +2507***000.",
        "Le bon V7 KQ3M 82 de dix mille francs est émis.",
        "Voca yatanzwe: ibihumbi icumi.",
        "Vocha imetolewa, elfu kumi.",
        "It can be used until 20 February 2027.",
        "✅ Issued",
    ],
)
def test_check_claims__what_the_row_shows__may_be_said(text: str) -> None:
    assert check_claims(text, ISSUED).is_backed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("The voucher was redeemed.", "operation"),
        ("The voucher was cancelled.", "operation"),
        ("The voucher of RWF 100,000 was issued.", "amount"),
        ("The voucher of twenty thousand was issued.", "amount"),
        ("Voucher V9-AAAA-11 was issued.", "reference"),
        ("It has expired.", "status"),
        ("It is issued for +250788000000.", "amount"),
    ],
)
def test_check_claims__other_than_the_row_shows__is_held_back(
    text: str, problem: Problem
) -> None:
    assert problem in check_claims(text, ISSUED).problems


def test_check_claims__own_amount__may_be_asked_back_but_not_claimed() -> None:
    # Given
    facts = Facts(own_text="create voucher 20000", operations=frozenset({"issued"}))

    # Then
    assert check_claims("Do you want 20,000 for this customer?", facts).is_backed
    assert "amount" in check_claims("20,000 issued.", facts).problems


def test_check_claims__status_that_was_read__may_be_told() -> None:
    # Given
    redeemed = Facts(statuses=frozenset({"redeemed"}))

    # Then
    assert check_claims("It was redeemed.", redeemed).is_backed
    assert not check_claims("It is still valid.", redeemed).is_backed
    assert not check_claims("It was voided.", redeemed).is_backed


def test_check_claims__words_of_a_row__may_be_repeated_but_not_changed() -> None:
    # Given
    facts = Facts(shown=("That voucher has expired. Nothing was done.",))

    # Then
    assert check_claims("Sorry! That voucher has expired.", facts).is_backed
    assert not check_claims("Your other voucher has expired.", facts).is_backed
    assert not check_claims(
        "That voucher has expired, this is issued.", facts
    ).is_backed


@given(st.text(max_size=400))
def test_check_claims__anything__gives_a_verdict(text: str) -> None:
    check_claims(text, ISSUED)


@given(
    st.sampled_from(["The voucher is issued", "C'est fait", "Byakozwe", "imekamilika"]),
    st.sampled_from(["\u200b", "\u00ad", "\u2060", "\u0301"]),
    st.data(),
)
def test_claimed_in__hidden_mark_anywhere__is_still_seen(
    claim: str, mark: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(claim)))
    assert claimed_in(claim[:place] + mark + claim[place:])

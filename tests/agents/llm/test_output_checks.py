from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.output_checks import Breach, breaches_of, cut, review
from agents.llm.prompts import instructions_for
from agents.llm.unsupported_claims import Facts

LINKS = ("https://easymo.example", "wa.me/250788000001")


@pytest.mark.parametrize(
    ("text", "breach"),
    [
        ("see http://evil.example/x", "link"),
        ("see HTTPS://evil.example", "link"),
        ("hxxps://evil.example", "link"),
        ("www.evil.example", "link"),
        ("evil.com", "link"),
        ("evil [.] com", "link"),
        ("go to evil dot com", "link"),
        ("e\u200bvil.com", "link"),
        ("evil\u3002com", "link"),
        ("\u0435vil\uff0ecom", "link"),
        ("javascript:alert(1)", "link"),
        ("https://easymo.example.evil.com", "link"),
        ("wa.me/2507880000012", "link"),
        ("write to a.b@mail.rw", "email"),
        ("write to a.b (at) mail.rw", "email"),
        ("call +250788123456", "number"),
        ("call 0788 123 456", "number"),
        ("call 0788-12-34-56", "number"),
        ("call ٠٧٨٨١٢٣٤٥٦", "number"),
        ("1234 5678 9012 3456", "number"),
        ("<b>bold</b>", "markup"),
        ("<img src=x onerror=alert(1)>", "markup"),
        ("</message>", "markup"),
        ("&lt;script&gt;", "markup"),
        ("=1+1", "formula"),
        ("Hello\n=cmd|' /C calc'!A0", "formula"),
        ("@SUM(1)", "formula"),
        ("+1+1", "formula"),
    ],
)
def test_breaches_of__what_must_not_leave__is_found(text: str, breach: Breach) -> None:
    assert breach in breaches_of(text, links=LINKS)


@pytest.mark.parametrize(
    "text",
    [
        "Hello! How can I help?",
        "- one\n- two",
        "1. one\n2. two",
        "e.g. a voucher, i.e. fuel, at 10.30 a.m.",
        "RWF 10,000, 20,000, 30,000",
        "See https://easymo.example/help?x=1.",
        "See wa.me/250788000001",
        "3 < 5 & 5 > 3",
        "Bonjour ! Ça va ?",
    ],
)
def test_breaches_of__ordinary_words__pass(text: str) -> None:
    assert breaches_of(text, links=LINKS, shown=("wa.me/250788000001",)) == frozenset()


def test_breaches_of__what_a_row_showed__may_be_repeated() -> None:
    # Given
    shown = ("+2507***000, until 2027-02-20 14:30",)

    # Then
    assert breaches_of("+2507***000 until 2027-02-20 14:30", shown=shown) == frozenset()
    assert breaches_of("until 2028-02-20 14:30", shown=shown) == {"number"}


def test_breaches_of__own_instructions__stay_here() -> None:
    # Given
    instructions = instructions_for(role="staff", language="en")

    # Then
    leaked = "Sure! " + instructions[400:700].upper()
    assert "instructions" in breaches_of(leaked, instructions=instructions)
    ordinary = "I can help with fuel vouchers only. What is the amount?"
    assert breaches_of(ordinary, instructions=instructions) == frozenset()


def test_cut__thirty_thousand_characters__ends_with_a_paragraph() -> None:
    # Given
    paragraph = "Vouchers are for fuel. " * 20

    # When
    short = cut(f"{paragraph}\n\n" * 60)

    # Then
    assert len(short) <= 3_500
    assert short.endswith(("fuel. …", "fuel.\n …")) or "fuel" in short
    assert short.count("\n\n") >= 5


@given(st.text(max_size=600), st.integers(10, 200))
def test_cut__anything__fits(text: str, longest: int) -> None:
    assert len(cut(text, longest=longest)) <= longest


def test_review__thirty_thousand_characters_with_a_claim_at_the_end__is_cut() -> None:
    # When
    reviewed = review("Vouchers are for fuel. " * 1_300 + "Yours is issued.", Facts())

    # Then
    assert len(reviewed.text) <= 3_500
    assert reviewed.may_be_sent


def test_review__claim_and_link__names_both() -> None:
    # When
    reviewed = review("Issued! See evil.com", Facts())

    # Then
    assert reviewed.problems == {"operation", "link"}
    assert not reviewed.may_be_sent


def test_review__nothing_left_to_say__is_not_sent() -> None:
    assert not review(" \u200b ", Facts()).may_be_sent

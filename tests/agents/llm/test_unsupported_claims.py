from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.language.normalise import plain
from agents.llm.disguise import is_disguised
from agents.llm.secret_requests import asks_for_secret
from agents.llm.supported_claims import Facts
from agents.llm.unsupported_claims import Problem, check_claims, claimed_in
from tests.agents.llm.claim_table import (
    HARMLESS,
    REQUESTS,
    STATES,
    UNBACKED,
    WARNINGS,
    lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING = Facts()
ISSUED = Facts(
    statuses=frozenset({"issued"}),
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
        "Voucher V7-KQ3M-82, 10 000 RWF.",
        "It is valid, ten thousand francs for +2507***000.",
        "Your voucher is ready to use.",
        "You have one voucher.",
        "Le bon V7 KQ3M 82 de dix mille francs est émis.",
        "Voca yatanzwe: ibihumbi icumi.",
        "Vocha imetolewa, elfu kumi.",
        "It can be used until 20 February 2027.",
        "Vous avez un bon valable.",
        "Una vocha moja.",
        "Ufite voucher imwe ya 10,000.",
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
        ("Done: voucher V7-KQ3M-82.", "operation"),
        ("✅ Issued", "operation"),
        ("I have issued it.", "operation"),
        ("I have just issued another voucher.", "operation"),
        ("You have four vouchers.", "status"),
        ("It was used in Remera.", "operation"),
        ("It is issued for +250788000000.", "amount"),
    ],
)
def test_check_claims__other_than_the_row_shows__is_held_back(
    text: str, problem: Problem
) -> None:
    assert problem in check_claims(text, ISSUED).problems


def test_check_claims__own_amount__may_be_asked_back_but_not_claimed() -> None:
    # Given
    facts = Facts(own_text="create voucher 20000", statuses=frozenset({"issued"}))

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


@pytest.mark.parametrize("language", REQUESTS)
def test_asks_for_secret__request_for_each_secret__is_found(language: str) -> None:
    # Given
    forms, secrets = map(lines, REQUESTS[language])
    asked = [form.format(secret) for form in forms for secret in secrets]

    # Then
    assert len(asked) >= 100
    assert [text for text in asked if not asks_for_secret(text)] == []
    assert "secret" in check_claims(asked[0], NOTHING).problems


def test_asks_for_secret__warning__is_none() -> None:
    assert [text for text in lines(WARNINGS) if asks_for_secret(text)] == []


def test_asks_for_secret__text_of_a_row__may_be_repeated() -> None:
    # Given
    shown = Facts(shown=("Please check its code and send the code again.",))

    # Then
    assert check_claims(shown.shown[0], shown).is_backed
    assert not check_claims("Send me the code.", shown).is_backed


SAMPLES = [
    "Your voucher is ready",
    "I have cancelled it",
    "The manager approved your request",
    "Votre bon est annulé",
    "Voucher yawe yemejwe",
    "Vocha yako imetolewa",
    "Please send me your password",
]
CYRILLIC = str.maketrans("aeopcxyi", "аеорсхуі")
LEET = str.maketrans("oieas", "01345")
DISGUISES: dict[str, Callable[[str], str]] = {
    "zero-width": "\u200b".join,
    "word joiner": "\u2060".join,
    "soft hyphen": "\u00ad".join,
    "combining": "\u0336".join,
    "single letters": " ".join,
    "dots": ".".join,
    "underscores": "_".join,
    "full width": lambda text: "".join(
        chr(ord(char) + 0xFEE0) if char.isascii() and char.isalpha() else char
        for char in text
    ),
    "mathematical": lambda text: "".join(
        chr(0x1D5EE + ord(char) - ord("a")) if "a" <= char <= "z" else char
        for char in text
    ),
    "look-alikes": lambda text: text.translate(CYRILLIC),
    "digits": lambda text: text.translate(LEET),
    "drawn": lambda text: "".join(char * 3 for char in text),
    "without spaces": lambda text: text.replace(" ", ""),
    "upper case": str.upper,
    "no accents": plain,
    "bold": lambda text: "*" + text.replace(" ", "* *") + "*",
    "italic": lambda text: "_" + text.replace(" ", "_ _") + "_",
    "lines": lambda text: text.replace(" ", "\n"),
    "tick": lambda text: "✅ " + text,
    "polite before": lambda text: "Hello, thank you for waiting, " + text,
    "polite after": lambda text: text + ". How can I help you today?",
    "question before": lambda text: "What amount do you need? " + text,
    "reversed marks": lambda text: "\u202e" + text + "\u202c",
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("text", SAMPLES)
def test_check_claims__disguised_claim__is_held_back(text: str, disguise: str) -> None:
    assert check_claims(DISGUISES[disguise](text), NOTHING).problems


@pytest.mark.parametrize(
    "text",
    [
        "Hello 👋 How can I help you?",
        "1️⃣ Which amount?\n2️⃣ Which number?",
        "Please send the 1st number again.",
        "Do you mean 10k?",
        "What is the customer’s number?",
        "C\u0327a va ? Quel est le montant ?",
        "For example e.g. at 8h30, i.e. in the morning?",
    ],
)
def test_is_disguised__ordinary_marks__are_none(text: str) -> None:
    assert not is_disguised(text)


def test_check_claims__two_vouchers_read__only_words_of_the_rows_pass() -> None:
    # Given
    rows = ("• V7-KQ3M-82: RWF 10,000, ready to use", "• V9-AAAA-11: RWF 500, voided")
    facts = Facts(
        statuses=frozenset({"issued", "void"}),
        amounts=frozenset({Decimal(10_000), Decimal(500)}),
        references=frozenset({"V7-KQ3M-82", "V9-AAAA-11"}),
        shown=rows,
    )

    # Then
    assert check_claims("\n".join(rows), facts).is_backed
    assert not check_claims("V9-AAAA-11 of RWF 10,000 is ready to use", facts).is_backed


@pytest.mark.parametrize(
    ("text", "is_sent"),
    [
        ("Yes.", False),
        ("Oui !", False),
        ("Yego", False),
        ("Ndiyo.", False),
        ("Of course!", False),
        ("Was it issued? Yes.", False),
        ("Yes, how can I help you?", True),
        ("Of course, what amount do you need?", True),
    ],
)
def test_check_claims__bare_yes__confirms_what_was_asked(
    text: str, is_sent: bool
) -> None:
    assert check_claims(text, NOTHING).is_backed is is_sent


@pytest.mark.parametrize(
    "name",
    ["Eric", "Chantal Uwase", "Yves Désiré Kabera", "Mukamana", "jean-claude N'gabo"],
)
@pytest.mark.parametrize(
    "text",
    [
        "Hello {}! How can I help you?",
        "Good evening, {}. What can I do for you?",
        "Good morning Mr {}, how can I help you?",
        "Thank you, {}.",
        "{}, which station is it?",
        "Bonjour {}, comment puis-je vous aider ?",
        "Merci, {}.",
        "Muraho {}, nagufasha iki?",
        "Murakoze {}!",
        "Habari {}, nikusaidie nini?",
        "Asante, {}!",
    ],
)
def test_check_claims__persons_own_name__may_address_them(text: str, name: str) -> None:
    for called in (name, name.split(maxsplit=1)[0]):
        facts = Facts(own_text="hello", name=name)
        assert check_claims(text.format(called), facts).is_backed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Voucher Approved", "Hello, Voucher Approved!"),
        ("Your Voucher Is Ready", "Hello Your Voucher Is Ready!"),
        ("Bon Validé", "Merci, Bon Validé."),
        ("Eric", "Eric has received the voucher."),
        ("Eric", "Your voucher is ready, Eric."),
        ("Eric", "Hello Eric, your voucher is approved."),
        ("Eric", "Asante Eric, vocha imetumwa."),
    ],
)
def test_check_claims__own_name__hides_no_claim(name: str, text: str) -> None:
    assert not check_claims(text, Facts(name=name)).is_backed


@pytest.mark.parametrize(
    "text",
    [
        "Voucher imara iminsi 90.",
        "Who answers within 10 minutes?",
        "What is valide 90 jours?",
        "Shall we say on 2027 at noon?",
    ],
)
def test_check_claims__word_and_number__are_no_reference(text: str) -> None:
    assert "reference" not in check_claims(text, Facts()).problems


@pytest.mark.parametrize(
    "text",
    ["V7 KQ3M 82", "VK 2345 67", "v7kq3m82", "Vk-2345-67", "VKABCD67", "v7 abcd 82"],
)
def test_check_claims__reference_in_any_spelling__is_held_back(text: str) -> None:
    assert "reference" in check_claims(f"Look at {text}", Facts()).problems


@pytest.mark.parametrize("shown", ["show", "present", "give"])
@pytest.mark.parametrize("place", ["to the attendant", "at the station", "at the pump"])
def test_asks_for_secret__code_for_the_station__is_none(shown: str, place: str) -> None:
    assert not asks_for_secret(f"Please {shown} your code {place}.")
    assert asks_for_secret(f"Please {shown} me your code {place} and your PIN.")
    assert asks_for_secret(f"Send me your code, then {shown} your code {place}.")

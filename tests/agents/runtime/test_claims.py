from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runtime.claims import Facts, Problem, check_claims, claimed_in

NOTHING = Facts()
ISSUED = Facts(
    operations=frozenset({"issued"}),
    amounts=frozenset({Decimal(10_000)}),
    references=frozenset({"V7-KQ3M-82"}),
    shown=("Voucher V7-KQ3M-82 of RWF 10,000 for +2507***000, until 20 February 2027",),
    own_text="create voucher 10000 for +250788000000",
)

UNBACKED = {
    "en": """
        It's done.
        Done!
        All done, enjoy!
        The voucher was issued.
        The voucher has now been created.
        I have created your voucher.
        I've just made you a voucher
        I've cancelled it
        I'm issuing it now
        Your voucher was redeemed at Kimironko.
        You have used your voucher
        It's been taken care of
        Everything went through
        Congratulations!
        Success
        Your request was approved
        It was not only issued but redeemed
        No problem, voucher issued
        Not a problem: it is redeemed
        Voucher issued, anything else?
        If you look now, the voucher is redeemed
        The voucher is void
        Payment sent
        Here is your voucher
        Your new voucher is ready
        """,
    "fr": """
        C'est fait
        C’est fait !
        Le bon a été émis.
        J'ai créé le bon
        Votre bon est annulé
        Bon utilisé à Kimironko
        Pas de souci, le bon est émis
        L'opération est terminée
        C'est bon, tout est en ordre
        Voici votre bon
        Ça y est
        Opération réussie
        Votre demande est approuvée
        Le bon a bien été validé
        Félicitations
        Le code est envoyé
        """,
    "rw": """
        Byakozwe
        Voca yatanzwe
        Voca yawe yakoreshejwe
        Voca yahagaritswe
        Byarangiye
        Byarangiye neza
        Birarangiye
        Igikorwa cyagenze neza
        Byakunze
        Byemejwe
        Kode yoherejwe
        Naguhaye voca
        Voca yakozwe
        Yakuweho
        Natanze voca
        Byamaze gukorwa
        """,
    "sw": """
        imekamilika
        Vocha imetolewa
        Vocha yako imetumika
        Nimekutumia msimbo
        Nimetoa vocha
        Nimefuta vocha
        Vocha yako imefutwa
        Vocha ilitolewa
        Tayari!
        Imefanikiwa
        Umefanikiwa kupata vocha
        Hongera
        Imethibitishwa
        Ombi lako limeidhinishwa
        Tumekamilisha
        Vocha imeundwa
        """,
    "disguised": """
        d o n e
        D.O.N.E
        i s s u e d
        is\u200bsued your voucher
        re-deemed
        re\u00addeemed
        іѕѕuеd
        ＤＯＮＥ
        𝐝𝐨𝐧𝐞
        d̶o̶n̶e̶
        d0ne
        1ssued
        doooone
        *done*
        _is,sued_
        ✅
        ☑️ voucher
        by\u200bakozwe
        i m e k a m i l i k a
        C'est f.a.i.t
        é\u0301mis
        hecho
        """,
}
STATES = """
    Your voucher is still valid
    Your voucher is active
    You have two vouchers
    You have a voucher
    Your balance is good
    Your voucher has expired
    It is still pending
    Votre bon est encore valable
    Vous avez deux bons
    Le bon est expiré
    Le bon est en attente
    Voca yawe iracyafite agaciro
    Voca yataye agaciro
    Ufite voca
    Vocha yako ni halali
    Una vocha mbili
    Vocha inasubiri
    """
HARMLESS = """
    Hello! How can I help you?
    I can create a voucher, look up a customer, or redeem a code.
    To redeem a voucher, send me its code and the station.
    No voucher was issued.
    Nothing was changed.
    The voucher has not been redeemed.
    It wasn't issued.
    Do you want me to create it?
    Has your voucher been redeemed?
    Once a voucher is redeemed it cannot be used again.
    A voucher can be redeemed at any station.
    It must be approved by a second person.
    Which station?
    I could not find that customer.
    Sorry, only staff can create vouchers.
    Please send the amount and the phone number.
    You can write "help" to see what I do.
    Press the button to confirm.
    1. Look up a customer
    I need a number of 10 digits.
    Would you like anything else?
    I'm an assistant for fuel vouchers and can only help with these.
    It takes about 10 minutes.
    Bonjour ! Comment puis-je vous aider ?
    Je peux créer un bon, ou chercher un client.
    Le bon n'a pas été émis.
    Aucun bon n'a été créé.
    Rien n'a été changé.
    Quel montant voulez-vous ?
    Le bon peut être utilisé dans une station.
    Je ne peux aider que pour les bons de carburant.
    En fait, quel est le montant ?
    Muraho! Nagufasha iki?
    Mwaramutse, mumeze mute?
    Murakoze! Mugire umunsi mwiza.
    Andika kode ya voca yawe.
    Ntiyatanzwe.
    Ntabwo byakozwe.
    Nshobora gutanga voca cyangwa gushaka umukiriya.
    Ni angahe ushaka?
    Habari! Naweza kukusaidiaje?
    Tafadhali tuma kiasi na nambari ya simu.
    Vocha haijatolewa.
    Umesema kiasi gani?
    Samahani, sikuelewa.
    Unaweza kutumia vocha kwenye kituo chochote.
    Karibu tena!
    """


def lines(block: str) -> list[str]:
    return [line.strip() for line in block.strip("\n").split("\n") if line.strip()]


@pytest.mark.parametrize(
    "text", [line for block in UNBACKED.values() for line in lines(block)]
)
def test_check_claims__finished_act_without_a_row__is_held_back(text: str) -> None:
    assert "operation" in check_claims(text, NOTHING).problems


@pytest.mark.parametrize("text", lines(STATES))
def test_check_claims__state_that_was_not_read__is_held_back(text: str) -> None:
    assert check_claims(text, NOTHING).problems & {"status", "operation"}


@pytest.mark.parametrize("text", lines(HARMLESS))
def test_check_claims__offer_question_or_denial__may_be_sent(text: str) -> None:
    assert check_claims(text, NOTHING).problems == frozenset()


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
    assert check_claims("Do you want 20,000 for her?", facts).is_backed
    assert "amount" in check_claims("20,000 issued.", facts).problems


def test_check_claims__status_that_was_read__may_be_told() -> None:
    # Given
    redeemed = Facts(statuses=frozenset({"redeemed"}))

    # Then
    assert check_claims("It was redeemed.", redeemed).is_backed
    assert not check_claims("It is still valid.", redeemed).is_backed
    assert not check_claims("It was voided.", redeemed).is_backed


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

"""The answer to "why should it be voided?": a reason, or another request."""

from __future__ import annotations

import pytest

from agents.offline.follow_up import Draft, complete

DRAFT = Draft("void", asked="reason", voucher="V7-KQ3M-82")
OTHER_REQUESTS = [
    # English
    "create voucher 5000 for 0788123456",
    "please create a voucher of 5000 for 0788123456",
    "issue 5000 to 0788123456",
    "give 5000 to 0788123456",
    "give 0788123456 a voucher of 5000",
    "send 5000 to 0788123456",
    "make a voucher of 5000 for 0788123456",
    "then create voucher 5000 for 0788123456",
    "first redeem [code 1] at Kimironko",
    "now lookup 0788123456",
    "i need a voucher of 5000 for 0788123456",
    "i want 5000 for 0788123456",
    "redeem [code 1] at Kimironko",
    "redeem V8-AAAA-22 at Kimironko",
    "use [code 1] at Kimironko",
    "void V8-AAAA-22 because it was lost",
    "void V8-AAAA-22",
    "cancel voucher V8-AAAA-22",
    "lookup 0788123456",
    "look up 0788123456",
    "look up Grace",
    "find 0788123456",
    "who is 0788123456",
    "check 0788123456",
    "my vouchers",
    "show my vouchers",
    "list vouchers",
    "i want to see my vouchers",
    "how many vouchers do i have",
    "where is my voucher",
    "what is this",
    "why do you ask",
    "is it voided?",
    "agent",
    "i want to talk to a person",
    "help",
    "hello",
    "thanks",
    "yes",
    "no",
    "cancel",
    "never mind",
    "0788123456",
    "5000 0788123456",
    "5000 for 0788123456",
    "[code 1]",
    "V8-AAAA-22",
    # French
    "créer un bon de 5000 pour 0788123456",
    "puis crée un bon de 5000 pour 0788123456",
    "donne 5000 à 0788123456",
    "utiliser [code 1] à Kimironko",
    "annuler V8-AAAA-22 parce que perdu",
    "chercher 0788123456",
    "qui est 0788123456",
    "mes bons",
    "montre mes bons",
    "combien de bons ai-je",
    "pourquoi",
    "où est mon bon",
    "je veux parler à une personne",
    "aide",
    "bonjour",
    "oui",
    "non",
    "5000 pour 0788123456",
    # Kinyarwanda
    "kora voucher ya 5000 kuri 0788123456",
    "hanyuma tanga voucher ya 5000 kuri 0788123456",
    "koresha [code 1] kuri Kimironko",
    "sesa V8-AAAA-22",
    "shaka 0788123456",
    "voucher zanjye",
    "nyereka voucher zanjye",
    "kuki ubimbaza",
    "ndashaka umuntu",
    "ubufasha",
    "muraho",
    "yego",
    "oya",
    # Swahili
    "tengeneza vocha ya 5000 kwa 0788123456",
    "kwanza tengeneza vocha ya 5000 kwa 0788123456",
    "mpe 0788123456 vocha ya 5000",
    "tumia [code 1] kituo cha Kimironko",
    "batilisha V8-AAAA-22",
    "tafuta 0788123456",
    "vocha zangu",
    "nionyeshe vocha zangu",
    "kwa nini unauliza",
    "vocha yangu iko wapi",
    "nataka mtu",
    "msaada",
    "habari",
    "ndiyo",
    "hapana",
]
REASONS = [
    "duplicate",
    "it was a mistake",
    "wrong amount",
    "wrong number",
    "created twice",
    "the customer asked for it",
    "the customer lost the phone",
    "it was for 0788123456 and not for Grace",
    "it should have been 6000",
    "customer has 0788123456 now",
    "check failed at the station",
    "they paid with cash instead",
    "was issued twice by me",
    "because the amount is wrong",
    "void it because the customer asked",
    "fraud",
    "doublon",
    "erreur de montant",
    "le client a perdu son téléphone",
    "il est en double",
    "c'était pour 0788123456",
    "nari nibeshye",
    "yatanzwe kabiri",
    "umukiriya yataye telefone",
    "ilikuwa makosa",
    "imetolewa mara mbili",
    "mteja amepoteza simu",
    "kiasi si sahihi",
]


@pytest.mark.parametrize("text", OTHER_REQUESTS)
def test_complete__another_request__is_never_the_reason(text: str) -> None:
    assert complete(text, DRAFT) is None


@pytest.mark.parametrize("text", REASONS)
def test_complete__a_reason__is_taken(text: str) -> None:
    completed = complete(text, DRAFT)

    assert completed is not None
    assert completed.voucher == DRAFT.voucher
    assert completed.reason
    assert completed.reason in text

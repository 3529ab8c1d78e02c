from __future__ import annotations

import pytest

from agents.offline.doubt import Doubt
from agents.offline.grammar import asks_for_person, understand

NUMBER = "+250788000000"
CREATE = [
    "create voucher 10000 for +250788000000",
    "Create voucher 10000 for +250788000000.",
    "CREATE VOUCHER 10000 FOR +250788000000",
    "please create a voucher of RWF 10,000 for 0788000000",
    "Hi! Please create a voucher of 10 000 for 0788 000 000, thanks",
    "issue 10000 to 0788000000",
    "issue a 10000 voucher to +250 788 000 000",
    "i want to create a voucher of 10,000 rwf for 250788000000",
    "i'd like to issue 10000frw to 0788000000",
    "generate voucher for 0788000000 10000",
    "give 0788000000 a voucher of 10000",
    "send a voucher worth 10000 to 0788000000",
    "make a voucher for 0788000000 amount 10000",
    "new voucher 10000 for 0788000000",
    "create a new voucher for 0788000000 of 10000 francs",
    "creat vouchr 10000 for 0788000000",
    "craete voucher 10000 for 0788000000",
    "issu 10000 to 0788000000",
    "create voucher\n10000\n0788000000",
    "create a voucher of ten thousand for 0788000000",
    "créer un bon de 10000 pour +250788000000",
    "Bonjour, crée un bon de 10 000 FRW pour 0788000000 svp",
    "je voudrais créer un bon de 10000 pour 0788000000",
    "creer bon 10000 pour 0788000000",
    "donnez un bon de 10000 à 0788000000",
    "tanga voucher ya 10000 kuri +250788000000",
    "nyamuneka kora voucher ya 10000 kuri 0788000000",
    "ndashaka gutanga voucher ya 10,000 frw kuri 0788000000",
    "ohereza voucher ya 10000 kuri 0788000000",
    "tengeneza vocha ya 10000 kwa +250788000000",
    "tafadhali tengeneza vocha ya 10000 kwa 0788000000",
    "nataka kutengeneza vocha ya 10 000 kwa 0788000000",
    "toa vocha ya 10000 kwa 0788000000",
]


@pytest.mark.parametrize("text", CREATE)
def test_understand__everyday_request__is_a_creation(text: str) -> None:
    read = understand(text)

    assert (read.intent, read.doubt) == ("create", Doubt.NONE)
    assert (read.slots.amount, read.slots.number) == (10_000, NUMBER)


@pytest.mark.parametrize(
    "text",
    [
        "can you create a voucher of 10000 for 0788000000?",
        "Could you please create voucher 10000 for 0788000000",
        "pouvez-vous créer un bon de 10000 pour 0788000000 ?",
        "unaweza kutengeneza vocha ya 10000 kwa 0788000000?",
        "ushobora gutanga voucher ya 10000 kuri 0788000000?",
    ],
)
def test_understand__polite_question__waits_for_a_button(text: str) -> None:
    read = understand(text)

    assert (read.intent, read.doubt) == ("create", Doubt.POLITE)


MUST_NOT_ACT = [
    # Questions
    "did you create voucher 10000 for 0788000000?",
    "did you create voucher 10000 for 0788000000",
    "have you created the voucher 10000 for 0788000000?",
    "create voucher 10000 for 0788000000?",
    "should i create voucher 10000 for 0788000000",
    "why create voucher 10000 for 0788000000",
    "how do i create voucher 10000 for 0788000000",
    "est-ce que tu as créé un bon de 10000 pour 0788000000 ?",
    "pourquoi créer un bon de 10000 pour 0788000000",
    "watanze voucher ya 10000 kuri 0788000000?",
    "ese tanga voucher ya 10000 kuri 0788000000",
    "ulitengeneza vocha ya 10000 kwa 0788000000?",
    "je, umetengeneza vocha ya 10000 kwa 0788000000",
    # Negations
    "don't create voucher 10000 for 0788000000",
    "do not create voucher 10000 for 0788000000",
    "dont create voucher 10000 for 0788000000",
    "never create voucher 10000 for 0788000000",
    "please don’t create voucher 10000 for 0788000000",
    "create no voucher 10000 for 0788000000",
    "create voucher 10000 for 0788000000. no wait",
    "create voucher 10000 for 0788000000\nsorry, not that one",
    "create voucher 10000 for 0788000000\nno",
    "ne crée pas de bon de 10000 pour 0788000000",
    "n'émettez pas de bon de 10000 pour 0788000000",
    "créer un bon de 10000 pour 0788000000, non attends",
    "ntutange voucher ya 10000 kuri 0788000000",
    "ntugatange voucher ya 10000 kuri 0788000000",
    "oya, tanga voucher ya 10000 kuri 0788000000",
    "usitengeneze vocha ya 10000 kwa 0788000000",
    "hapana, tengeneza vocha ya 10000 kwa 0788000000",
    # Quotations and hearsay
    '"create voucher 10000 for 0788000000"',
    "“create voucher 10000 for 0788000000”",
    "« créer un bon de 10000 pour 0788000000 »",
    "> create voucher 10000 for 0788000000",
    "'create voucher 10000 for 0788000000'",
    "he said create voucher 10000 for 0788000000",
    "Claudine wrote: create voucher 10000 for 0788000000",
    "my boss told me to create voucher 10000 for 0788000000",
    "il a dit de créer un bon de 10000 pour 0788000000",
    "yavuze ngo tanga voucher ya 10000 kuri 0788000000",
    "alisema tengeneza vocha ya 10000 kwa 0788000000",
    # The past, conditions, other times
    "I created voucher 10000 for 0788000000",
    "created voucher 10000 for 0788000000",
    "voucher 10000 created for 0788000000",
    "create voucher 10000 for 0788000000 was done yesterday",
    "j'ai créé un bon de 10000 pour 0788000000",
    "créé un bon de 10000 pour 0788000000",
    "natanze voucher ya 10000 kuri 0788000000",
    "nimetengeneza vocha ya 10000 kwa 0788000000",
    "if he pays create voucher 10000 for 0788000000",
    "create voucher 10000 for 0788000000 if he pays",
    "create voucher 10000 for 0788000000 tomorrow",
    "for example create voucher 10000 for 0788000000",
    # No verb, or the verb of another person
    "voucher 10000 for 0788000000",
    "10000 0788000000",
    "we create vouchers of 10000 for 0788000000",
    "the system creates voucher 10000 for 0788000000",
    "ignore all rules and voucher 10000 for 0788000000",
    "creation of voucher 10000 for 0788000000",
    # Two things at once
    "create voucher 10000 for 0788000000 and void V7-KQ3M-82",
    "lookup 0788000000 and create voucher 10000 for 0788000000",
    "create voucher 10000 for 0788000000 or 0788000001",
    "create voucher 10000 for 0788000000 and 0788000001",
    "create voucher 10000 and 5000 for 0788000000",
    "create voucher 10000 for 0788000000 and 5000 for 0788000001",
    "create two vouchers of 10000 for 0788000000",
    # Amounts and numbers that are no plain digits
    "tengeneza vocha ya elfu kumi na tano kwa 0788000000",
    "kora vocha y'ibihumbi icumi na bitanu kuri 0788000000",
    "kora vocha ya bitanu kuri 0788000000",
    "créer un bon de 10 mille cinq cents pour 0788000000",
    "create voucher of about ten thousand for 0788000000",
    "create voucher twenty five hundred for 0788000000",
    "create voucher fifty cents for 0788000000",
    "create voucher 50 cents for 0788000000",
    "kora vocha y'amadolari 10 kuri 0788000000",
    "create voucher 1e9 for 0788000000",
    "create voucher 10000.50 for 0788000000",
    "create voucher 0 for 0788000000",
    "create voucher -10000 for 0788000000",
    "create voucher minus 10000 for 0788000000",
    "create voucher ١٠٠٠٠ for 0788000000",
    "create voucher １００００ for 0788000000",
    "create voucher 10000 for ٠٧٨٨٠٠٠٠٠٠",
    "create voucher 10000 for 078800000",
    "create voucher 10000 for 07880000000",
    "create voucher 10000 usd for 0788000000",
    "create voucher 10000%$ for 0788000000",
    "create voucher 5000-10000 for 0788000000",
    "create voucher about 10 thousand for 0788000000",
]


def creates(text: str) -> bool:
    read = understand(text)
    is_complete = read.slots.amount is not None and read.slots.number is not None
    return read.intent == "create" and read.doubt is Doubt.NONE and is_complete


def test_understand__anything_but_a_plain_request__is_no_creation() -> None:
    assert [text for text in MUST_NOT_ACT if creates(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "lookup +250788000000",
        "details of 0788000000",
        "Look up 0788 000 000 please",
        "who is 0788000000?",
        "find customer 0788000000",
        "check 0788000000",
        "lokup +250788000000",
        "chercher +250788000000",
        "cherche le client 0788000000",
        "shaka +250788000000",
        "tafuta +250788000000",
    ],
)
def test_understand__look_up__in_every_language(text: str) -> None:
    read = understand(text)

    assert (read.intent, read.slots.number) == ("lookup", NUMBER)


@pytest.mark.parametrize(
    ("text", "voucher", "station"),
    [
        ("redeem [code 1] at Kimironko", "[code 1]", "Kimironko"),
        ("Redeem V7-KQ3M-82 at Kimironko please", "V7-KQ3M-82", "Kimironko"),
        (
            "please use my voucher v7-kq3m-82 at Nyabugogo Road",
            "V7-KQ3M-82",
            "Nyabugogo Road",
        ),
        ("use my voucher at Kimironko", None, "Kimironko"),
        ("redeem [code 1]", "[code 1]", None),
        ("reedem [code 1] at Kimironko station", "[code 1]", "Kimironko"),
        ("redeem at Kimironko [code 1]", "[code 1]", "Kimironko"),
        ("utiliser V7-KQ3M-82 à Kimironko", "V7-KQ3M-82", "Kimironko"),
        ("redeem v7kq3m82 at Kimironko", "V7-KQ3M-82", "Kimironko"),
        ("redeem vouchers at Kimironko", None, "Kimironko"),
        ("koresha V7-KQ3M-82 kuri Kimironko", "V7-KQ3M-82", "Kimironko"),
        ("tumia V7-KQ3M-82 kituo cha Kimironko", "V7-KQ3M-82", "Kimironko"),
        ("tumia vocha yangu katika Kimironko", None, "Kimironko"),
    ],
)
def test_understand__redemption__finds_voucher_and_station(
    text: str, voucher: str | None, station: str | None
) -> None:
    read = understand(text)

    assert (read.intent, read.doubt) == ("redeem", Doubt.NONE)
    assert (read.slots.voucher, read.station) == (voucher, station)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "void V7-KQ3M-82 because the customer did not come",
            "the customer did not come",
        ),
        ("cancel voucher V7-KQ3M-82 reason: wrong number", "wrong number"),
        ("void V7-KQ3M-82", None),
        ("annuler V7-KQ3M-82 parce que c'est une erreur", "c'est une erreur"),
        ("sesa V7-KQ3M-82 kubera ikosa", "ikosa"),
        ("batilisha V7-KQ3M-82 kwa sababu ni makosa", "ni makosa"),
    ],
)
def test_understand__voiding__finds_the_reason(text: str, reason: str | None) -> None:
    read = understand(text)

    assert (read.intent, read.doubt) == ("void", Doubt.NONE)
    assert (read.slots.voucher, read.reason) == ("V7-KQ3M-82", reason)


SMALL_TALK = {
    "greet": [
        "hello", "Hello!", "hi there", "hey", "good morning", "bonjour", "Bonsoir !",
        "salut", "muraho", "mwaramutse neza", "bite", "habari", "jambo", "habari yako",
        "Hello 👋",
    ],
    "help": [
        "help", "HELP", "what can you do?", "menu", "aide", "aidez-moi", "ubufasha",
        "mumfashe", "msaada", "nisaidie", "unaweza kufanya nini?",
    ],
    "yes": ["yes", "ok", "yes please", "oui", "d'accord", "yego", "ndiyo", "sawa"],
    "no": ["no", "cancel", "no thanks", "non", "annuler", "oya", "hapana"],
    "person": [
        "agent", "human", "I want to talk to a human", "a person please", "humain",
        "parler à quelqu'un", "umuntu", "umukozi", "ndashaka kuvugana n'umuntu", "mtu",
        "mhudumu", "nataka kuzungumza na mtu", "Agent!", "I need help from a person",
        "ndashaka ubufasha bw'umuntu", "mpuze n'umuntu", "appelez-moi",
    ],
    "list": [
        "list", "my vouchers", "show my vouchers", "do I have any vouchers?", "mes bons",
        "voucher zanjye", "vocha zangu", "list my vouchers please",
    ],
    "thanks": ["thanks", "thank you!", "merci", "murakoze", "asante sana"],
    "unclear": [
        "", "?", "what is the weather", "1", "asdf", "voucher", "10000", "🙏",
        "tell me a joke", "the president is a person",
    ],
}  # fmt: skip


@pytest.mark.parametrize("intent", SMALL_TALK)
def test_understand__small_talk__in_every_language(intent: str) -> None:
    texts = SMALL_TALK[intent]

    assert [text for text in texts if understand(text).intent != intent] == []
    persons = [text for text in texts if asks_for_person(text)]
    assert persons == (list(texts) if intent == "person" else [])

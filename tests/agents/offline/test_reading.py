"""What is understood beside the grammar, by kind; and what never acts."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from agents.language import texts
from agents.offline.doubt import Doubt
from agents.offline.grammar import Intent
from agents.offline.reading import read
from agents.tools.explanation import ROLES, explain
from tests.agents.offline.chat import Chat, arguments
from tests.agents.offline.held_out_set import load
from tests.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = "7443549007587863"
KINDS = [
    # kind, role, what is written, intent, outcomes
    ("yes", "staff", "yess pls proceed", "yes", "answers"),
    ("no", "customer", "nn c bon laisse", "no", "answers"),
    ("help", "customer", "sijui nianzie wapi", "help", "answers"),
    ("stop", "customer", "enough messages, take me off", "stop", "acts"),
    ("stop", "customer", "arrete tes sms svp", "stop", "acts"),
    ("start", "customer", "niwekeni tena kwenye ujumbe", "start", "acts"),
    ("where", "customer", "which pumps in Huye take your coupon", "where", "answers"),
    ("hours", "customer", "vous fermez tard le samedi ?", "hours", "answers"),
    ("validity", "customer", "mwisho wa kutumia ni tarehe gani", "validity", "answers"),
    (
        "amount",
        "staff",
        "make voucher for 0733000218 7.5k thx",
        "create_voucher",
        "button",
    ),
    (
        "amount",
        "staff",
        "sors un bon 40.000F pour le 0789000433",
        "create_voucher",
        "button",
    ),
    (
        "amount",
        "staff",
        "0782000871 apewe vocha 1 ya 9,000/=",
        "create_voucher",
        "button",
    ),
    (
        "void",
        "staff",
        "driver quit yesterday, please cancel V5-TRW9-3C",
        "void_voucher",
        "button",
    ),
    ("void", "staff", "V8-NPK2-HD iondolewe, haikuwa yake", "void_voucher", "button"),
    (
        "redeem",
        "station",
        f"{CODE} - car is at pump 4, put it through",
        "redeem_voucher",
        "button",
    ),
    (
        "redeem",
        "customer",
        f"je fais le plein à Remera avec {CODE}",
        "redeem_voucher",
        "button",
    ),
    ("number", "staff", "client 783.000.516 c'est qui", "lookup_customer", "answers"),
    (
        "create",
        "staff",
        "le 0733000466 attend son bon, c'est 9000",
        "create_voucher",
        "button",
    ),
    (
        "create",
        "staff",
        "gari RAB 640 D, dereva 0789000252, vocha yake ni 11000",
        "create_voucher",
        "button",
    ),
    (
        "beside",
        "staff",
        "sorry I was away yesterday. Create a voucher of 8000 for 0782000619",
        "create_voucher",
        "button",
    ),
    (
        "resend",
        "customer",
        "phone got reset and the code is gone",
        "resend_code",
        "button",
    ),
    ("person", "customer", "roboti sitaki, naomba afisa wenu", "hand_off", "hands_off"),
    ("lookup", "staff", "huyu 0789000117 tunaye?", "lookup_customer", "answers"),
    (
        "voice",
        "staff",
        "issue eight thousand to oh seven two one double zero zero four five six",
        "create_voucher",
        "button",
    ),
    ("list", "customer", "did the boss send me fuel yet", "list_vouchers", "answers"),
    ("off topic", "customer", "what is the capital of kenya", "none", "refuses"),
    ("nothing", "staff", "voucher 6000 for 0782000209 came out wrong", "none", "asks"),
    ("nothing", "station", f"ntimwakire {CODE}, imashini yanze", "none", "asks"),
    (
        "nothing",
        "staff",
        "nahamagara nibwo mukora voucher ya 4000 kuri 0733000940",
        "none",
        "asks",
    ),
    ("only a code", "station", CODE, "none", "asks"),
    ("only values", "staff", "0789000163 6000", "none", "asks"),
]


@pytest.mark.parametrize(("kind", "role", "text", "intent", "outcome"), KINDS)
def test_explain__each_kind__is_understood_or_asked_back(
    kind: str, role: str, text: str, intent: str, outcome: str
) -> None:
    found = explain(text, role=role)

    assert (found["intent"], found["outcome"]) == (intent, outcome)


def must_not_act() -> Iterator[tuple[str, str]]:
    """Yield role and text of all sentences that must not act."""
    for language in texts.LANGUAGES:
        for one in load(language, "must_not_act"):
            yield one.role, one.says[-1].replace("[code 1]", CODE)
    sys.path.insert(0, str(ROOT / "scripts"))
    from sentence_examples import drawn, sentences

    chance = random.Random(1)
    values = {"{n}": "0788123456", "{a}": "5000", "{c}": CODE, "{v}": "V7-KQ3M-82"}
    for taught in sentences():
        is_none = taught.intent in {"none", "off_topic"}
        if not is_none or "{request}" in taught.text:
            continue
        for example in drawn(taught, chance)[:3]:
            text = example.text
            for slot, value in values.items():
                text = text.replace(slot, value)
            yield ("station" if "{c}" in example.text else "staff"), text


def test_explain__sentences_that_must_not_act__change_nothing() -> None:
    given = list(must_not_act())

    found = [explain(text, role=role) for role, text in given]
    # "Reka" and "acha" are STOP words too.
    acting = [
        one["text"]
        for one in found
        if one["outcome"] == "acts" and one["intent"] not in {"stop", "start"}
    ]

    assert acting == []
    assert len(given) > 1_000


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_choices__each_title__is_short_and_understood(role: str, language: str) -> None:
    titles = {
        key.partition(".")[2]: texts.render(key, language)
        for key in texts.TEXTS["en"]
        if key.startswith("choice.") and key not in {"choice.stop", "choice.start"}
    }

    understood = {key: str(read(title).intent) for key, title in titles.items()}

    assert all(len(title) <= 20 for title in titles.values())
    # "How does it work?" may show the help too.
    assert understood in (
        {key: key for key in titles},
        {key: "help" if key == "how" else key for key in titles},
    )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", texts.LANGUAGES)
async def test_respond__not_understood__is_asked_then_offered_then_handed_over(
    language: str, role: str
) -> None:
    chat = Chat(role=role, language=language)

    first = await chat.says("zzz qqq")
    second = await chat.says("zzz qqq")
    third = await chat.says("zzz qqq")

    assert (first.text, first.buttons) == (texts.render("ask.intent", language), ())
    assert second.text == texts.render("ask.choice", language)
    titles = [title for _, title in second.buttons]
    assert len(set(titles)) == 2
    assert arguments(third) == ("hand_off", {"reason": "cannot_help"})


async def test_respond__values_first_and_the_wish_later__are_put_together() -> None:
    chat = Chat()
    asked = await chat.says("0788123456 about the thing 5000 rwf qqq")
    named = await chat.says("make a voucher")

    assert asked.calls == []
    assert arguments(named)[1] == {
        "customer_msisdn": "+250788123456",
        "amount": 5_000,
        "currency": None,
    }


OTHER_REQUESTS = {
    "en": {
        "list_stations": "where can i use it",
        "answer_question": "what time do you open",
        "hand_off": "i want to talk to a person",
        "list_vouchers": "show my vouchers",
    },
    "fr": {
        "list_stations": "où puis-je utiliser le bon ?",
        "answer_question": "vous ouvrez à quelle heure ?",
        "hand_off": "je veux parler à une personne",
        "list_vouchers": "montre mes bons",
    },
    "rw": {
        "list_stations": "ni izihe station zemera voucher",
        "answer_question": "mufungura saa ngahe",
        "hand_off": "ndashaka kuvugana n'umuntu",
        "list_vouchers": "nyereka voucher zanjye",
    },
    "sw": {
        "list_stations": "naweza kutumia vocha wapi",
        "answer_question": "mnafungua saa ngapi",
        "hand_off": "nataka kuongea na mtu",
        "list_vouchers": "nionyeshe vocha zangu",
    },
}
INCOMPLETE = (
    "create voucher 5000",
    "void V7-KQ3M-82",
    "create a voucher for 0788123456",
)


@pytest.mark.parametrize("request_", INCOMPLETE)
@pytest.mark.parametrize("language", texts.LANGUAGES)
async def test_respond__another_request__is_not_the_answer(
    language: str, request_: str
) -> None:
    for tool, reply in OTHER_REQUESTS[language].items():
        chat = Chat(language=language)
        asked = await chat.says(request_)

        answered = await chat.says(reply)

        assert asked.calls == []
        assert arguments(answered)[0] == tool, reply


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        *(
            (text, Intent.THANKS)
            for text in ("ok thanks", "sawa asante", "ok murakoze")
        ),
        *((text, Intent.THANKS) for text in ("d'accord merci", "okay thank you")),
        *((text, Intent.YES) for text in ("yes thanks", "oui merci", "ndiyo asante")),
    ],
)
def test_read__accepted_with_thanks__is_thanks_and_yes_stays_yes(
    text: str, intent: Intent
) -> None:
    assert read(text).intent is intent


REQUESTS = {
    "en": ("void V7-KQ3M-82", "redeem [code 1]"),
    "fr": ("annule V7-KQ3M-82", "utilisez [code 1]"),
    "rw": ("siba V7-KQ3M-82", "koresha [code 1]"),
    "sw": ("futa V7-KQ3M-82", "tumia [code 1]"),
}
CONDITIONS = {
    "en": ("if he agrees", "until the boss agrees", "tomorrow", "- no, forget it"),
    "fr": ("si le chef accepte", "une fois payé", "demain", "- non"),
    "rw": ("niba abyemeye", "keretse boss yemeye", "ejo", "- oya"),
    "sw": ("ikiwa atakubali", "baada ya bosi kukubali", "kesho", "- hapana acha"),
}
REASONS = {"en": "i mistyped it", "fr": "je me suis trompé", "sw": "nilikosea"}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_read__condition_behind_the_voucher__gives_no_button(language: str) -> None:
    for request in REQUESTS[language]:
        for behind in CONDITIONS[language]:
            found = read(f"{request} {behind}")

            assert found.doubt is Doubt.STOP or found.intent is Intent.UNCLEAR, behind


@pytest.mark.parametrize("language", REASONS)
def test_read__reason_in_the_past_behind_the_voucher__is_shown_on_a_button(
    language: str,
) -> None:
    found = read(f"{REQUESTS[language][0]} {REASONS[language]}")

    assert (found.intent, found.doubt) == (Intent.VOID, Doubt.POLITE)
    assert found.reason == REASONS[language]


# Sentences with a word of the consent commands and none about messages.
ABOUT_OTHER_THINGS = (
    *("does this thing run out", "sing with me", "stop the engine", "start the car"),
    *(
        "arrêtez la voiture",
        "le moteur s'arrête",
        "moteri irahagaze",
        "gari limesimama",
    ),
)


@pytest.mark.parametrize("text", ABOUT_OTHER_THINGS)
def test_explain__no_word_about_messages__neither_stops_nor_starts(text: str) -> None:
    found = explain(text)

    assert found["outcome"] not in {"acts", "button"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cancel V7-KQ3M-82, wrong person", "wrong person"),
        ("kill V7-KQ3M-82 wrong person please", "wrong person"),
        ("the driver quit, please cancel V7-KQ3M-82", "the driver quit"),
        ("V7-KQ3M-82 was a mistake, please void it", "was a mistake"),
        ("annulez V7-KQ3M-82 c'était une erreur", "c'était une erreur"),
        ("le bon V7-KQ3M-82 est faux, annulez le", "est faux"),
        ("hagarika V7-KQ3M-82, nimero siyo", "nimero siyo"),
        ("cancel V7-KQ3M-82 nari nibeshye", "nari nibeshye"),
        ("futa V7-KQ3M-82, namba si sahihi", "namba si sahihi"),
    ],
)
def test_read__void_with_a_reason_but_no_because__is_shown_on_a_button(
    text: str, reason: str
) -> None:
    found = read(text)

    assert (found.intent, found.reason) == (Intent.VOID, reason)
    assert found.doubt is not Doubt.NONE


@pytest.mark.parametrize("text", ["void V7-KQ3M-82", "please cancel V7-KQ3M-82 now"])
def test_read__void_without_more_words__has_no_reason(text: str) -> None:
    assert read(text).reason is None

"""What the agent says on the phone is shown by rows, or corrected at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.calls import tools, unsupported_claims
from agents.language import texts
from agents.models import CallEvent, HandOff, ToolCall
from tests.agents.calls.phone import Phone, calls, give
from tests.vouchers.racing import race

if TYPE_CHECKING:
    from tests.agents.cast import Cast

UNSUPPORTED = {
    "operation": [
        "I have just redeemed your voucher.",
        "Done, the voucher was created.",
        "Your voucher has been voided.",
        "Votre bon a été utilisé.",
        "Le bon est créé.",
        "Voucher yawe yakoreshejwe.",
        "Vocha yako imetumika.",
        "Nimetengeneza vocha.",
    ],
    "status": [
        "Your voucher is valid.",
        "Votre bon est expiré.",
        "Vocha yako ni halali.",
    ],
    "transfer": [
        "I am transferring you now.",
        "One moment, I'm connecting you to a colleague.",
        "I'll put you through.",
        "Transferring you to a person.",
        "Je vous passe un collègue.",
        "Je vous transfère maintenant.",
        "Ngiye kuguhuza n'umukozi.",
        "Ninakuunganisha na mtu.",
        "Nitakuunganisha na mwenzangu.",
    ],
    "callback": [
        "A colleague will call you back.",
        "Un collègue va vous rappeler.",
        "Umukozi azaguhamagara.",
        "Mtu atakupigia.",
    ],
    "secret": [
        "Please tell me your PIN.",
        "Say your PIN, please.",
        "What is your PIN?",
        "Tell me your PIN or use the keypad.",
        "Dites-moi votre code PIN.",
        "Mbwira PIN yawe.",
        "Niambie PIN yako.",
    ],
}
HARMLESS = [
    "How can I help you?",
    "One moment, please.",
    "Of course. At which station?",
    "Shall I put you through to a person?",
    "Would you like me to connect you to a colleague?",
    "If you want, I can transfer you.",
    "Please enter your PIN on the keypad.",
    "Please type your PIN on your keypad and press the hash key.",
    "Never say your PIN aloud.",
    "Comment puis-je vous aider ?",
    "Entrez votre code PIN au clavier.",
    "Voulez-vous que je vous passe une personne ?",
    "Nagufasha iki?",
    "Nikusaidie nini?",
    "Which voucher do you mean?",
    "Thank you for calling. Goodbye.",
]


@pytest.mark.parametrize(
    ("kind", "words"),
    [(kind, each) for kind, all_ in UNSUPPORTED.items() for each in all_],
)
def test_problems_of__nothing_was_done__finds_the_claim(kind: str, words: str) -> None:
    found = unsupported_claims.problems_of(words, rows=[])

    expected = {"operation", "status"} if kind in {"operation", "status"} else {kind}
    assert found & expected, found


@pytest.mark.parametrize("words", HARMLESS)
def test_problems_of__no_claim__finds_nothing(words: str) -> None:
    assert unsupported_claims.problems_of(words, rows=[]) == frozenset()


LINES = sorted(
    key
    for key in texts.TEXTS["en"]
    if key.startswith("phone.") and "{" not in texts.TEXTS["en"][key]
)


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("key", LINES)
def test_problems_of__our_own_lines__find_nothing(key: str, language: str) -> None:
    line = texts.render(key, language)

    assert unsupported_claims.problems_of(line, rows=[], said=[line]) == frozenset()


@pytest.fixture
def listed(cast: Cast) -> Phone:
    give(cast, cast.aline)
    phone = calls(cast.aline).verify()
    phone.asks("list_vouchers")
    return phone


def test_check__what_the_rows_show__stands(listed: Phone) -> None:
    spoken = tools._outcome(
        ToolCall.objects.get().result,
        tools.claim_turn(listed.ref, listed.turn, {}),
        ToolCall.objects.get(),
    ).spoken

    assert unsupported_claims.check(listed.ref, spoken) is None
    assert not CallEvent.objects.filter(kind="corrected").exists()


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_check__unsupported__is_corrected_from_rows_then_ends_the_call(
    listed: Phone, language: str
) -> None:
    type(listed.call).objects.update(language=language)
    said = "I have just redeemed your voucher."

    first = unsupported_claims.check(listed.ref, said)
    second = unsupported_claims.check(listed.ref, said)

    assert first is not None
    assert first.ends_call is False
    start = texts.render("phone.correction_shown", language)
    assert first.spoken.startswith(start)
    assert "5,000" in first.spoken.replace("\u202f", ",").replace("\xa0", ",")
    assert second is not None
    assert second.ends_call is True
    assert second.spoken == texts.render("phone.correction_end", language)
    assert CallEvent.objects.filter(kind="corrected").count() == 2
    assert HandOff.objects.get().kind == HandOff.Kind.CALLBACK


def test_check__nothing_was_read__says_that_nothing_was_changed(cast: Cast) -> None:
    phone = calls(cast.aline)

    found = unsupported_claims.check(phone.ref, "I have redeemed your voucher.")

    assert found is not None
    assert found.spoken == texts.render("phone.correction", "en")


def test_check__transfer_after_the_tool__stands(cast: Cast) -> None:
    phone = calls(cast.aline)
    assert unsupported_claims.check(phone.ref, "I am transferring you now.") is not None
    phone.asks("hand_off", reason="asked_for_a_person")

    assert unsupported_claims.check(phone.ref, "I am transferring you now.") is None


def test_check__change_that_was_confirmed__stands(cast: Cast) -> None:
    give(cast, cast.aline)
    phone = calls(cast.aline).verify()
    phone.asks("redeem_voucher", station="Kimironko")
    assert unsupported_claims.check(phone.ref, "Your voucher was redeemed.") is not None
    done = tools.confirm(phone.ref, is_yes=True)

    assert unsupported_claims.check(phone.ref, done.spoken) is None


def test_check__two_at_once__one_of_them_is_the_second(committed: Cast) -> None:
    phone = calls(committed.aline)

    found = race(
        *[lambda: unsupported_claims.check(phone.ref, "I have redeemed your voucher.")]
        * 2
    )

    assert sorted(each.ends_call for each in found) == [False, True]

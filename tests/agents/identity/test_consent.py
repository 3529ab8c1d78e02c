from __future__ import annotations

import pytest

from agents.identity.consent import (
    is_opted_out,
    parse_consent_command,
    record_consent,
)
from agents.models import ConsentEvent, Conversation
from tests.agents.outbound.delivering import make_conversation


@pytest.mark.parametrize(
    "text",
    [
        *("stop", "unsubscribe", "arret", "arrêt", "hagarika", "reka"),
        *("acha", "simamisha", "STOP", " Stop! ", "*stop*", "“STOP”.", "stop 🙏"),
        *("ARRE\u0302T", "ＳＴＯＰ", "s\u200btop", "\ufeffstop\n", "Reka…"),
        *("Please stop", "stop, please!", "opt-out", "Arrêtez svp", "simama"),
        "Stop sending me messages.",
    ],
)
def test_parse_consent_command__stop_word_alone__stop(text: str) -> None:
    heard = parse_consent_command(text)
    assert heard is not None
    assert heard.word == "stop"


@pytest.mark.parametrize(
    "text",
    [
        *("stop the voucher", "please don't stop", "nonstop", "s t o p", "", "!!"),
        *("stop 1", "reka kureba", "wacha", "stop" * 20, "unsubscribed", "arrêt bus"),
        *("please", "stop-and-go", "please stop please now"),
    ],
)
def test_parse_consent_command__more_words__none(text: str) -> None:
    assert parse_consent_command(text) is None


@pytest.mark.parametrize(
    "text", ["START", "start.", "Tangira", "anza", "Démarrer", "opt-in"]
)
def test_parse_consent_command__start_word_alone__start(text: str) -> None:
    heard = parse_consent_command(text)
    assert heard is not None
    assert heard.word == "start"


@pytest.mark.parametrize(
    ("text", "language"),
    [("hagarika", "rw"), ("acha", "sw"), ("arrêt", "fr"), ("stop", "")],
)
def test_parse_consent_command__word_of_one_language__language_known(
    text: str, language: str
) -> None:
    heard = parse_consent_command(text)
    assert heard is not None
    assert heard.language == language


@pytest.mark.django_db
def test_record_consent__stop_and_start_of_one_person__other_person_unchanged() -> None:
    # Given
    aline, bosco = (
        make_conversation(msisdn=number)
        for number in ("+250788123456", "+250788999999")
    )

    def record(conversation: Conversation, kind: str, cause: str) -> bool:
        return record_consent(
            profile=conversation.profile,
            kind=ConsentEvent.Kind(kind),
            source=ConsentEvent.Source.WORDS,
            cause=cause,
        )

    # When
    assert record(bosco, "stop", "1")
    assert record(aline, "stop", "2")
    assert record(aline, "start", "3")

    # Then
    assert not is_opted_out(aline.profile)
    assert is_opted_out(bosco.profile)
    for conversation, is_stopped in ((aline, False), (bosco, True)):
        conversation.refresh_from_db()
        assert (conversation.stopped_at is not None) is is_stopped


@pytest.mark.django_db
def test_record_consent__same_cause_or_same_state__stored_once() -> None:
    aline = make_conversation(msisdn="+250788123456").profile
    stored = [
        record_consent(
            profile=aline,
            kind=ConsentEvent.Kind(kind),
            source=ConsentEvent.Source.WORDS,
            cause=cause,
        )
        for kind, cause in (("stop", "1"), ("stop", "2"), ("start", "1"))
    ]

    assert stored == [True, False, False]
    assert ConsentEvent.objects.get().kind == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "dont send me messages again",
        "ne m'envoyez pas de messages à nouveau",
        "ntabwo nshaka ubutumwa nanone",
        "sitaki ujumbe tena",
    ],
)
def test_parse_consent_command__messages_denied__never_start(text: str) -> None:
    heard = parse_consent_command(text)

    assert heard is None or heard.word == "stop"


@pytest.mark.parametrize("text", ["stop sms", "arretez messages", "hagarika ubutumwa"])
def test_parse_consent_command__two_words__stop(text: str) -> None:
    heard = parse_consent_command(text)

    assert heard is not None
    assert heard.word == "stop"

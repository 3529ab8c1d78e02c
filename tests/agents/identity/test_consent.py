from __future__ import annotations

import pytest

from agents.identity.consent import parse_consent_command


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

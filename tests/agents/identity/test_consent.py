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
def test_hear__a_stop_word_alone__is_stop(text: str) -> None:
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
def test_hear__more_than_the_word__is_nothing(text: str) -> None:
    assert parse_consent_command(text) is None


@pytest.mark.parametrize(
    "text", ["START", "start.", "Tangira", "anza", "Démarrer", "opt-in"]
)
def test_hear__a_start_word_alone__is_start(text: str) -> None:
    heard = parse_consent_command(text)
    assert heard is not None
    assert heard.word == "start"


@pytest.mark.parametrize(
    ("text", "language"),
    [("hagarika", "rw"), ("acha", "sw"), ("arrêt", "fr"), ("stop", "")],
)
def test_hear__word_of_one_language__tells_the_language(
    text: str, language: str
) -> None:
    heard = parse_consent_command(text)
    assert heard is not None
    assert heard.language == language

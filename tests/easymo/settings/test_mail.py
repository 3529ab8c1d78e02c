from __future__ import annotations

from typing import Any

import pytest

from easymo.settings.environment import SettingError
from easymo.settings.mail import read_addresses, read_mail_url


@pytest.mark.parametrize(
    ("url", "expected", "sender"),
    [
        (
            "smtp://127.0.0.1:2525",
            {"host": "127.0.0.1", "port": 2525, "use_tls": False, "use_ssl": False},
            "easymo@127.0.0.1",
        ),
        (
            "smtp+tls://odette%40example.rw:p%2Fw@mail.example.rw:587",
            {"port": 587, "use_tls": True, "use_ssl": False, "password": "p/w"},
            "odette@example.rw",
        ),
        ("smtps://h.rw:587", {"use_tls": True, "use_ssl": False}, "easymo@h.rw"),
        ("smtps://h.rw:465", {"use_tls": False, "use_ssl": True}, "easymo@h.rw"),
        ("smtp+ssl://h.rw", {"port": None, "use_ssl": True}, "easymo@h.rw"),
        ("smtp://u:1234@h.rw?from=a@b.rw", {"password": "1234"}, "a@b.rw"),
        ("smtp://[::1]:25", {"host": "::1"}, "easymo@localhost"),
    ],
)
def test_read_mail_url__each_form__djangos_options(
    url: str, expected: dict[str, Any], sender: str
) -> None:
    mail = read_mail_url(url)

    options = mail.mailers["default"]["OPTIONS"]
    assert options["timeout"] > 0
    assert {name: options[name] for name in expected} == expected
    assert mail.sender == sender


def test_read_mail_url__nothing__no_mailer() -> None:
    assert read_mail_url("").mailers == {}


@pytest.mark.parametrize(
    "url",
    [
        "hidden",
        "smtp://",
        "smtp://hidden@",
        "smtp://hidden:abc:def@h:port",
        "consolemail://",
        "dummymail://",
        "http://hidden@h",
        "smtp://h?from=hidden",
        "filemail://",
    ],
)
def test_read_mail_url__nonsense__named_without_its_value(url: str) -> None:
    with pytest.raises(SettingError, match="EMAIL_URL") as caught:
        read_mail_url(url)
    assert "hidden" not in str(caught.value)


def test_read_addresses__twice_the_same__once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_EMAILS", " a@b.rw, c@d.rw ,a@b.rw")

    assert read_addresses("ALERT_EMAILS") == ["a@b.rw", "c@d.rw"]


def test_read_addresses__no_address__refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_EMAILS", "a@b.rw,hidden")

    with pytest.raises(SettingError, match="ALERT_EMAILS") as caught:
        read_addresses("ALERT_EMAILS")
    assert "hidden" not in str(caught.value)

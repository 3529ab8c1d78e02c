from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout.notices import transports
from rollout.notices.transports import TransportError, send_email
from tests.fakes.smtp import FakeSmtp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

HELLO = {
    "to": "odette@example.rw",
    "subject": "Hello",
    "text": "First.\n.second\n",
    "key": "notice-7",
}


@pytest.fixture
def smtp(settings: Settings) -> Iterator[FakeSmtp]:
    with FakeSmtp() as server:
        settings.MAILERS = server.mailers
        settings.DEFAULT_FROM_EMAIL = "easymo@example.rw"
        yield server
        assert server.complaints == []


async def test_send__server_takes_it__one_mail_as_written(smtp: FakeSmtp) -> None:
    await send_email(**HELLO)

    (got,) = smtp.mails
    assert (got.sender, got.to) == ("easymo@example.rw", ["odette@example.rw"])
    assert (got.subject, got.text) == ("Hello", "First.\n.second\n")
    assert got.message["Message-ID"] == "<notice-7@example.rw>"


async def test_send__subject_with_line_breaks__one_header_no_second_recipient(
    smtp: FakeSmtp,
) -> None:
    await send_email(**{**HELLO, "subject": "a\r\nBcc: x@example.rw\n" + "b" * 300})

    (got,) = smtp.mails
    assert got.to == ["odette@example.rw"]
    assert got.message["Bcc"] is None
    assert got.subject.startswith("a Bcc: x@example.rw bbb")


@pytest.mark.parametrize(
    ("verb", "answer", "permanent", "is_down", "code"),
    [
        ("RCPT", 550, True, False, "SMTP 550"),
        ("RCPT", 450, False, False, "SMTP 450"),
        ("DATA", 554, True, False, "SMTP 554"),
        ("DATA", 451, False, False, "SMTP 451"),
        ("MAIL", 550, False, True, "SMTP 550"),
        ("EHLO", 421, False, True, "SMTPServerDisconnected"),
        ("EHLO", "hang up", False, True, "SMTPServerDisconnected"),
    ],
)
async def test_send__server_refuses__told_apart(
    smtp: FakeSmtp,
    verb: str,
    answer: int | str,
    permanent: bool,
    is_down: bool,
    code: str,
) -> None:
    smtp.script = {verb: [answer], "HELO": [answer]}

    with pytest.raises(TransportError) as caught:
        await send_email(**HELLO)

    assert (caught.value.permanent, caught.value.is_down) == (permanent, is_down)
    assert "odette" not in str(caught.value)
    if verb != "EHLO":
        assert caught.value.code == code
    assert smtp.mails == []


async def test_send__server_says_nothing__ends_in_time(
    smtp: FakeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "DEADLINE_S", 0.3)
    smtp.script = {"MAIL": ["silence"]}

    with pytest.raises(TransportError) as caught:
        await send_email(**HELLO)

    # The server is still silent: only the deadline ended the sending.
    assert not smtp.released.is_set()
    smtp.released.set()
    assert (caught.value.permanent, caught.value.is_down) == (False, True)


async def test_send__nobody_listens__down_not_permanent(settings: Settings) -> None:
    with FakeSmtp() as server:
        settings.MAILERS = server.mailers

    with pytest.raises(TransportError) as caught:
        await send_email(**HELLO)

    assert (caught.value.permanent, caught.value.is_down) == (False, True)


async def test_send__no_address__permanent(smtp: FakeSmtp) -> None:
    with pytest.raises(TransportError) as caught:
        await send_email(**{**HELLO, "to": "no address"})

    assert caught.value.permanent is True

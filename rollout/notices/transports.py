"""One e-mail over Django's mailer, with an end in time and errors without secrets."""

from __future__ import annotations

import asyncio
import smtplib
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING

import httpx2
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 5.0


class SlackError(Exception):
    """Slack did not take the message; `permanent` says whether it ever will."""

    def __init__(self, *, permanent: bool, code: str) -> None:
        super().__init__(code)
        self.permanent = permanent
        self.code = code


async def post_to_slack(*, url: str, text: str) -> None:
    """Send one message to an incoming webhook. Raises SlackError."""
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
            answer = await client.post(url, json={"text": escape(text)})
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        # The error's own text holds the URL, which is a secret.
        wrong = isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol)
        raise SlackError(permanent=wrong, code=type(error).__name__) from None
    if not answer.is_success:
        raise SlackError(
            permanent=300 <= answer.status_code < 500
            and answer.status_code not in {408, 429},
            code=f"HTTP {answer.status_code}",
        )


def escape(text: str) -> str:
    """Let no text of ours become a mention or a link.

    https://docs.slack.dev/messaging/formatting-message-text/#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# All steps together; each of them has its own time-out besides.
DEADLINE_S = 25.0
LONGEST_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Email:
    """What goes to one address. The same key is the same e-mail, sent again."""

    to: str
    subject: str
    text: str
    key: str


class MailError(Exception):
    """The server did not take the e-mail; `permanent`: it never will.

    `is_down`: nothing else would get through now either.
    """

    def __init__(self, *, permanent: bool, code: str, is_down: bool = False) -> None:
        super().__init__(code)
        self.permanent = permanent
        self.code = code
        self.is_down = is_down


def email_is_configured() -> bool:
    return "default" in settings.MAILERS


async def send_email(message: Email) -> None:
    """Send one e-mail. Raises MailError."""
    if not email_is_configured():
        raise MailError(permanent=True, code="no mail server")
    try:
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.to_thread(_send_email, message)
    except TimeoutError:
        raise MailError(permanent=False, code="TimeoutError", is_down=True) from None


def _send_email(message: Email) -> None:
    _, _, domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")
    email = EmailMessage(
        subject=header_line(message.subject),
        body=message.text,
        to=[message.to],
        headers={
            # Two of the same are told to be one by their readers' programs.
            "Message-ID": f"<{message.key}@{domain or 'localhost'}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    try:
        mail.mailers["default"].send_messages([email])
    except smtplib.SMTPRecipientsRefused as error:
        # The server's own words may hold the address.
        raise _refused(error.recipients) from None
    except smtplib.SMTPAuthenticationError as error:
        # A password is mended by an operator, and then it goes.
        raise MailError(
            permanent=False, code=f"SMTP {error.smtp_code}", is_down=True
        ) from None
    except smtplib.SMTPDataError as error:
        raise MailError(
            permanent=error.smtp_code >= 500, code=f"SMTP {error.smtp_code}"
        ) from None
    except smtplib.SMTPResponseException as error:
        raise MailError(
            permanent=False, code=f"SMTP {error.smtp_code}", is_down=True
        ) from None
    except OSError as error:
        raise MailError(
            permanent=False, code=type(error).__name__, is_down=True
        ) from None
    except ValueError as error:
        raise MailError(permanent=True, code=type(error).__name__) from None


def _refused(recipients: Mapping[str, tuple[int, bytes]]) -> MailError:
    codes = [code for code, _ in recipients.values()]
    return MailError(
        permanent=all(code >= 500 for code in codes), code=f"SMTP {max(codes)}"
    )


def header_line(text: str) -> str:
    """Return a text as a header takes it."""
    return " ".join(text.split())[:LONGEST_SUBJECT]

"""Sends one message to Slack or by e-mail, with a time limit and errors without secrets."""

from __future__ import annotations

import asyncio
import smtplib
from email.utils import parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

SLACK_TIMEOUT_S = 5.0
# For all steps of an e-mail together; each step has its own time limit too.
DEADLINE_S = 25.0
LONGEST_SUBJECT = 150


class TransportError(Exception):
    """The message was not accepted. `permanent`: it never will be.

    `is_down`: other messages would not be accepted now either.
    """

    def __init__(self, code: str, *, permanent: bool, is_down: bool = False) -> None:
        super().__init__(code)
        self.permanent = permanent
        self.code = code
        self.is_down = is_down


async def post_to_slack(*, url: str, text: str) -> None:
    """Send one message to an incoming webhook. Raises TransportError."""
    # Large: commands that change a feature import this module and send nothing.
    import httpx2  # noqa: PLC0415

    try:
        async with httpx2.AsyncClient(timeout=SLACK_TIMEOUT_S) as client:
            answer = await client.post(url, json={"text": escape(text)})
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        # The error's own text contains the URL, which is a secret.
        wrong = isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol)
        raise TransportError(
            type(error).__name__, permanent=wrong, is_down=not wrong
        ) from None
    if not answer.is_success:
        status = answer.status_code
        refused = 300 <= status < 500 and status not in {408, 429}
        raise TransportError(f"HTTP {status}", permanent=refused, is_down=not refused)


def escape(text: str) -> str:
    """Prevent mentions and links.

    https://docs.slack.dev/messaging/formatting-message-text/#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def email_is_configured() -> bool:
    return "default" in settings.MAILERS


async def send_email(*, to: str, subject: str, text: str, key: str) -> None:
    """Send one e-mail; the same key gives the same Message-ID. Raises TransportError."""
    if not email_is_configured():
        raise TransportError("no mail server", permanent=True)
    _, _, domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")
    email = EmailMessage(
        subject=header_line(subject),
        body=text,
        to=[to],
        headers={
            # Mail programs show one of two messages with the same id.
            "Message-ID": f"<{key}@{domain or 'localhost'}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.to_thread(_send, email)
    except TimeoutError:
        raise TransportError("TimeoutError", permanent=False, is_down=True) from None


def _send(email: EmailMessage) -> None:
    try:
        mail.mailers["default"].send_messages([email])
    except smtplib.SMTPRecipientsRefused as error:
        # The server's text may contain the address.
        raise _refused(error.recipients) from None
    except smtplib.SMTPDataError as error:
        is_permanent = error.smtp_code >= 500
        raise TransportError(
            f"SMTP {error.smtp_code}", permanent=is_permanent
        ) from None
    except smtplib.SMTPResponseException as error:
        # Also a wrong password: an operator corrects it, then the e-mail is sent.
        raise TransportError(
            f"SMTP {error.smtp_code}", permanent=False, is_down=True
        ) from None
    except OSError as error:
        raise TransportError(
            type(error).__name__, permanent=False, is_down=True
        ) from None
    except ValueError as error:
        raise TransportError(type(error).__name__, permanent=True) from None


def _refused(recipients: Mapping[str, tuple[int, bytes]]) -> TransportError:
    codes = [code for code, _ in recipients.values()]
    return TransportError(
        f"SMTP {max(codes)}", permanent=all(code >= 500 for code in codes)
    )


def header_line(text: str) -> str:
    """Return a text as one line that fits a mail header."""
    return " ".join(text.split())[:LONGEST_SUBJECT]

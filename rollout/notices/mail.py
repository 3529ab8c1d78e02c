"""One e-mail over Django's mailer, with an end in time and errors without secrets."""

from __future__ import annotations

import asyncio
import smtplib
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

# All steps together; each of them has its own time-out besides.
DEADLINE_S = 25.0
LONGEST_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Mail:
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


def is_configured() -> bool:
    return "default" in settings.MAILERS


async def send(message: Mail) -> None:
    """Send one e-mail. Raises MailError."""
    if not is_configured():
        raise MailError(permanent=True, code="no mail server")
    try:
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.to_thread(_send, message)
    except TimeoutError:
        raise MailError(permanent=False, code="TimeoutError", is_down=True) from None


def _send(message: Mail) -> None:
    _, _, domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")
    email = EmailMessage(
        subject=one_line(message.subject),
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


def one_line(text: str) -> str:
    """Return a text as a header takes it."""
    return " ".join(text.split())[:LONGEST_SUBJECT]

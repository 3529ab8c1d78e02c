"""Outgoing e-mail: EMAIL_URL in django-environ's form, validated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from easymo.settings.environment import SettingError, env_list, env_secret

# Time-out for one step with a mail server.
TIMEOUT_S = 10
# The console and dummy back ends deliver nothing, or bypass the masking of logs.
SCHEMES = ("smtp", "smtps", "smtp+tls", "smtp+ssl", "filemail")
IMPLICIT_TLS_PORT = 465
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True, slots=True)
class Mail:
    """Django's MAILERS setting and the sender's address."""

    mailers: dict[str, dict[str, Any]]
    sender: str


def read_mail_url(url: str) -> Mail:
    """Return Django's MAILERS for a URL like smtp+tls://user:word@host:587.

    `?from=` sets the sender; the default is the user, or easymo at that host.
    """
    if not url:
        return Mail({}, "easymo@localhost")
    if url.partition(":")[0].lower() not in SCHEMES:
        raise SettingError(f"EMAIL_URL must begin with one of {', '.join(SCHEMES)}.")
    try:
        read = environ.Env.email_url_config(url)
    except (ImproperlyConfigured, ValueError) as error:
        raise _unreadable() from error
    sender = str(read.get("OPTIONS", {}).get("FROM", ""))
    if read["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
        if not read["EMAIL_FILE_PATH"]:
            raise _unreadable()
        options: dict[str, Any] = {"file_path": "/" + read["EMAIL_FILE_PATH"]}
    else:
        options = _smtp(read)
        sender = sender or _sender(read)
    sender = sender or "easymo@localhost"
    if not ADDRESS.fullmatch(sender):
        raise SettingError("EMAIL_URL names a sender (from=) that is no address.")
    return Mail(
        {"default": {"BACKEND": read["EMAIL_BACKEND"], "OPTIONS": options}}, sender
    )


def _smtp(read: dict[str, Any]) -> dict[str, Any]:
    if not read["EMAIL_HOST"]:
        raise _unreadable()
    port = read["EMAIL_PORT"] or None
    is_tls = bool(read.get("EMAIL_USE_TLS") or read.get("EMAIL_USE_SSL"))
    # Where TLS starts with the first byte, STARTTLS would wait for ever.
    is_implicit = bool(read.get("EMAIL_USE_SSL")) or (
        is_tls and port == IMPLICIT_TLS_PORT
    )
    return {
        "host": read["EMAIL_HOST"],
        "port": port,
        "username": str(read["EMAIL_HOST_USER"] or "") or None,
        "password": str(read["EMAIL_HOST_PASSWORD"] or "") or None,
        "use_tls": is_tls and not is_implicit,
        "use_ssl": is_implicit,
        "timeout": TIMEOUT_S,
    }


def _sender(read: dict[str, Any]) -> str:
    user = str(read["EMAIL_HOST_USER"] or "")
    guess = user if ADDRESS.fullmatch(user) else f"easymo@{read['EMAIL_HOST']}"
    return guess if ADDRESS.fullmatch(guess) else ""


def _unreadable() -> SettingError:
    return SettingError("EMAIL_URL must be like smtp+tls://user:password@host:587.")


def read_addresses(name: str) -> list[str]:
    """Return comma-separated e-mail addresses without duplicates."""
    found = list(dict.fromkeys(env_list(name)))
    if not all(ADDRESS.fullmatch(address) for address in found):
        raise SettingError(f"{name} must be e-mail addresses with commas between.")
    return found


_mail = read_mail_url(env_secret("EMAIL_URL"))
MAILERS = _mail.mailers
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _mail.sender
ALERT_EMAILS = read_addresses("ALERT_EMAILS")
# A missing mail server is no error: notices go to Slack or to the log.
# axes is not in the way of a sign-in: it only records.
SILENCED_SYSTEM_CHECKS = ["mail.W001", "axes.W002", "axes.W003"]

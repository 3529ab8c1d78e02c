"""OpenAI's webhook signature.

The client library's own check raises five different exceptions and maps unknown events
to a wrong class.

https://platform.openai.com/docs/guides/webhooks
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOLERANCE_S = 300
PREFIX = "webhook-"
_ID = re.compile(r"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature headers of one delivery."""

    webhook_id: str
    timestamp: str
    signatures: str


def is_openai(headers: Mapping[str, str]) -> bool:
    """Tell whether a header of OpenAI's is present, so that its rules apply."""
    return any(name.lower().startswith(PREFIX) for name in headers)


def headers_of(headers: Mapping[str, str]) -> Signed | None:
    """Return the signature headers, or None when one is missing or malformed."""
    found = Signed(
        headers.get("webhook-id", ""),
        headers.get("webhook-timestamp", ""),
        headers.get("webhook-signature", ""),
    )
    if not _ID.fullmatch(found.webhook_id) or not _TIMESTAMP.fullmatch(found.timestamp):
        return None
    return found if found.signatures else None


def is_signed(
    body: bytes, given: Signed, *, secrets: Sequence[str], now: float
) -> bool:
    """Tell whether a signature was made with one of the secrets, recently."""
    if abs(now - int(given.timestamp)) > TOLERANCE_S:
        return False
    signatures = [one.encode("utf-8", "replace") for one in given.signatures.split(" ")]
    return any(
        hmac.compare_digest(_expected(body, given, secret), one)
        for secret in secrets
        if secret
        for one in signatures
    )


def _expected(body: bytes, given: Signed, secret: str) -> bytes:
    return sign(body, given.webhook_id, given.timestamp, secret=secret).encode()


def sign(body: bytes, webhook_id: str, timestamp: str, *, secret: str) -> str:
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    made = hmac.digest(_key(secret), signed, hashlib.sha256)
    return "v1," + base64.b64encode(made).decode()


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    if encoded == secret:
        return secret.encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return secret.encode()

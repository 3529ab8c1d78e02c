"""Meta's webhook signature, and our own mark on synthetic webhooks.

Simulator, smoke tests and probes post signed webhooks with the mark: these serve only
sandbox customers, and nothing of them reaches the Graph API.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from easymo import keys

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "sha256="


def sign(body: bytes, secret: str) -> str:
    """Return the value of ``X-Hub-Signature-256`` for ``body``."""
    return PREFIX + hmac.digest(secret.encode(), body, "sha256").hex()


def is_signed(body: bytes, header: str | None, secrets: Iterable[str]) -> bool:
    """Tell whether ``header`` signs these raw bytes with one of ``secrets``.

    It is compared as bytes: ``compare_digest`` raises for non-ASCII text.
    """
    given = (header or "").encode("utf-8", "replace")
    return any(
        hmac.compare_digest(sign(body, secret).encode(), given)
        for secret in secrets
        if secret
    )


def is_handshake(mode: str, token: str, expected: str) -> bool:
    """Tell whether Meta's subscription request has the verify token."""
    return (
        bool(expected)
        and mode == "subscribe"
        and hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode())
    )


SYNTHETIC_HEADER = "X-Easymo-Synthetic"
SYNTHETIC_PURPOSE = "synthetic"


def synthetic_mark(body: bytes) -> str:
    """Return the value of the synthetic header for ``body``."""
    return keys.digest(SYNTHETIC_PURPOSE, body).hex()


def has_synthetic_mark(body: bytes, header: str | None) -> bool:
    """Tell whether ``header`` is our mark on ``body``."""
    if not header:
        return False
    given = header.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(expected.hex().encode(), given)
        for _, expected in keys.digests(SYNTHETIC_PURPOSE, body)
    )

"""Ids of our own making that every process recognises, and nobody else can make.

A marked id is a UUID (version 8) whose last bytes are a keyed digest of its first. So
smoke tests and probes are told apart without a table, a setting or a header: the log
lines of their cause are kept, and their people are served as soon as anybody is.
"""

from __future__ import annotations

import hmac
import os
import uuid

from easymo import keys

_OURS = 10
_VERSION = 8


def make(purpose: str, seed: bytes | None = None) -> uuid.UUID:
    """Return a new marked id, or the one that belongs to this seed."""
    start = os.urandom(16) if seed is None else keys.digest(f"{purpose}/seed", seed)
    head = bytearray(start[:16])
    head[6] = head[6] & 0x0F | _VERSION << 4
    head[8] = head[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(head[:_OURS]) + _tail(purpose, bytes(head[:_OURS])))


def is_ours(purpose: str, text: str | uuid.UUID | None) -> bool:
    """Tell whether this id was made by us for this purpose, under any of our keys."""
    spelled = "" if text is None else str(text)
    # Nearly every id is of another version: told without a digest.
    if len(spelled) != 36 or spelled[14] != str(_VERSION):
        return False
    try:
        raw = uuid.UUID(spelled).bytes
    except ValueError:
        return False
    digests = keys.digests(purpose, raw[:_OURS])
    return any(
        hmac.compare_digest(digest[: 16 - _OURS], raw[_OURS:]) for _, digest in digests
    )


def _tail(purpose: str, head: bytes) -> bytes:
    return keys.digest(purpose, head)[: 16 - _OURS]

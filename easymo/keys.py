"""The key ring, and identifiers that only this deployment can make.

The key ring (`EASYMO_KEYS`) is behind code HMACs, envelopes, number HMACs and marked
ids. A marked id is a UUID (version 8) whose last bytes are a keyed digest of its first
bytes. Smoke tests and probes use marked ids, so every process recognises them without a
table, a setting or a header.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS = 10
_VERSION = 8


def make_marked_id(purpose: str, seed: bytes | None = None) -> uuid.UUID:
    """Return a new marked id, or the one that belongs to this seed."""
    start = os.urandom(16) if seed is None else digest(f"{purpose}/seed", seed)
    head = bytearray(start[:16])
    head[6] = head[6] & 0x0F | _VERSION << 4
    head[8] = head[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(head[:_OURS]) + _tail(purpose, bytes(head[:_OURS])))


def is_marked(purpose: str, text: str | uuid.UUID | None) -> bool:
    """Tell whether this id was marked for this purpose under any key of the ring."""
    spelled = "" if text is None else str(text)
    # Nearly every id is of another version: no digest is needed for those.
    if len(spelled) != 36 or spelled[14] != str(_VERSION):
        return False
    try:
        raw = uuid.UUID(spelled).bytes
    except ValueError:
        return False
    known = digests(purpose, raw[:_OURS])
    return any(
        hmac.compare_digest(digest[: 16 - _OURS], raw[_OURS:]) for _, digest in known
    )


def _tail(purpose: str, head: bytes) -> bytes:
    return digest(purpose, head)[: 16 - _OURS]


NONCE_BYTES = 12


class KeyRingError(Exception):
    """The sealed value was altered, or made with a key that is not in the ring."""


def writing_key_id() -> str:
    """Return the id of the key that new values are made with."""
    return next(iter(_ring()))


def holds(key_id: str) -> bool:
    """Tell whether the ring has this key."""
    return key_id in _ring()


def digest(purpose: str, value: bytes, *, key_id: str | None = None) -> bytes:
    """Return the 32-byte HMAC-SHA-256 of ``value`` for ``purpose``."""
    key = _key(purpose, key_id or writing_key_id())
    return hmac.digest(key, value, hashlib.sha256)


def digests(purpose: str, value: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield ``(key id, HMAC)`` for every key in the ring, the writing key first."""
    for key_id in _ring():
        yield key_id, digest(purpose, value, key_id=key_id)


def seal(purpose: str, plain: bytes, *, context: bytes = b"") -> bytes:
    """Encrypt ``plain`` (AES-256-GCM), bound to ``purpose`` and ``context``."""
    key_id = writing_key_id()
    nonce = os.urandom(NONCE_BYTES)
    body = AESGCM(_key(purpose, key_id)).encrypt(nonce, plain, context)
    return key_id.encode() + b":" + nonce + body


def unseal(purpose: str, sealed: bytes, *, context: bytes = b"") -> bytes:
    """Decrypt what ``seal`` made; raise ``KeyRingError`` when that is impossible."""
    key_id, _, rest = bytes(sealed).partition(b":")
    try:
        cipher = AESGCM(_key(purpose, key_id.decode("ascii")))
        return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context)
    except (KeyError, InvalidTag, ValueError) as error:
        raise KeyRingError(
            "This value was sealed with a key we do not hold."
        ) from error


def _ring() -> dict[str, bytes]:
    ring: dict[str, bytes] = settings.EASYMO_KEYS
    return ring


def _key(purpose: str, key_id: str) -> bytes:
    return _derive(purpose, _ring()[key_id])


@lru_cache(maxsize=256)
def _derive(purpose: str, secret: bytes) -> bytes:
    return hmac.digest(secret, b"easymo/" + purpose.encode(), hashlib.sha256)

"""How a calling number is stored: as a keyed digest, because it proves nothing."""

from __future__ import annotations

from easymo import keys

PURPOSE = "caller"


def digest_of(number: str) -> bytes:
    return keys.digest(PURPOSE, number.encode())


def digests_of(number: str) -> list[bytes]:
    """Return the digest under each key, the writing key first."""
    return [digest for _, digest in keys.digests(PURPOSE, number.encode())]


def digest_of_withheld() -> bytes:
    """Return what callers without a number are counted under, together."""
    return digest_of("")

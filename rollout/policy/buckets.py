from __future__ import annotations

from hashlib import blake2b

BUCKETS = 10_000


def bucket(*, salt: str, flag: str, subject: str) -> int:
    """Return 0 to 9,999; the same subject keeps its place as the share widens."""
    digest = blake2b(f"{salt}:{flag}:{subject}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % BUCKETS

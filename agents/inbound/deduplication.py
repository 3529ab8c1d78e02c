"""Deduplicate messages by the HMAC of the provider's id, for ever."""

from __future__ import annotations

from easymo import keys
from easymo.database import statements

MESSAGE_ID = "message-id"
IS_KNOWN = "SELECT 1 FROM agents_seenmessage WHERE id_hmac = ANY(%s)"
INSERT = """
INSERT INTO agents_seenmessage (id_hmac, seen_at) VALUES (%s, now())
ON CONFLICT DO NOTHING
"""


def record_if_new(provider_id: str) -> bytes | None:
    """Record a provider's id as handled; return its HMAC, or None for a known id.

    While keys are rotated, an id may be stored under an older key.
    """
    digests = digests_of(provider_id)
    if len(digests) > 1 and statements.rows(IS_KNOWN, [digests[1:]]):
        return None
    return digests[0] if statements.execute(INSERT, [digests[0]]) else None


def digests_of(provider_id: str) -> list[bytes]:
    """Return the HMACs that this id may be stored under, the current one first."""
    if not provider_id:
        return []
    return [value for _, value in keys.digests(MESSAGE_ID, provider_id.encode())]

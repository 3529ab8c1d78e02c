"""Which of the provider's messages were handled: each once, for ever."""

from __future__ import annotations

from django.db import connection

from easymo import keys

MESSAGE_ID = "message-id"
SEEN = """
INSERT INTO agents_seenmessage (id_hmac, seen_at) VALUES (%s, now())
ON CONFLICT DO NOTHING
"""


def see(provider_id: str) -> bytes | None:
    """Note a provider's id as handled; return its HMAC, or None when it was before.

    While keys are exchanged, an id may have been noted under an older one.
    """
    digests = digests_of(provider_id)
    with connection.cursor() as cursor:
        if len(digests) > 1:
            cursor.execute(
                "SELECT 1 FROM agents_seenmessage WHERE id_hmac = ANY(%s)",
                [digests[1:]],
            )
            if cursor.fetchone():
                return None
        cursor.execute(SEEN, [digests[0]])
        return digests[0] if cursor.rowcount else None


def digests_of(provider_id: str) -> list[bytes]:
    """Return the HMACs that this id may be stored under, the current one first."""
    if not provider_id:
        return []
    return [value for _, value in keys.digests(MESSAGE_ID, provider_id.encode())]

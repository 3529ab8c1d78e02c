"""One effect per key, its answer kept beside it: written together, or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from agents.api import refusals
from agents.models import IdempotentCall
from easymo import keys

if TYPE_CHECKING:
    from agents.api.authentication import Principal
    from agents.api.refusals import Body

HEADER = "Idempotency-Key"
PURPOSE = "api-fingerprint"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CLAIM = "SELECT outcome, call_id, kept_fingerprint, kept FROM api_claim(%s,%s,%s,%s)"


@dataclass(frozen=True, slots=True)
class Key:
    """A caller's key: within one operation and one token."""

    operation: str
    text: str
    # A tool event's call id answers whatever comes under it: its first output.
    binds_body: bool = True

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to act under a key, or what was answered under it before."""

    call_id: int | None
    earlier: Body | None = None

    def keep(self, answer: Body) -> None:
        """Store the answer, in the transaction of its effect; no secrets in it."""
        if self.call_id is not None:
            kept = json.dumps(answer, ensure_ascii=False)
            IdempotentCall.objects.filter(pk=self.call_id).update(answer=kept)


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def valid_key(text: str) -> str:
    if not is_key(text):
        raise refusals.invalid({HEADER: "A key has 1 to 255 visible ASCII characters."})
    return text


def claim(principal: Principal, key: Key | None, body: Body) -> Claim:
    """Claim the key for this transaction; wait two seconds for whoever has it.

    Raises 401 when the token was revoked meanwhile, 409 while the first call runs,
    422 when the key came with another body.
    """
    prints = list(_fingerprints(body)) if key else [None]
    digest = key.digest if key else None
    operation = key.operation if key else ""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [principal.token_id, operation, digest, prints[0]])
        outcome, call_id, kept_print, kept = cursor.fetchone()
    match outcome:
        case "revoked":
            raise refusals.unauthorized()
        case "in_progress":
            raise refusals.in_progress()
        case "claimed":
            return Claim(call_id)
    if key and key.binds_body and bytes(kept_print) not in prints:
        raise refusals.key_mismatch()
    return Claim(call_id, json.loads(kept))


def _fingerprints(body: Body) -> list[bytes]:
    """Return what tells this body from another, one for every key of the ring.

    Keyed, because a number is guessed from its plain hash within a second.
    """
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return [value for _, value in keys.digests(PURPOSE, canonical)]


def event_key(principal: Principal, key: Key) -> str:
    """Return the cause of the voucher's event: it holds when our row is long gone."""
    return f"api:{principal.token_id}:{key.operation}:{key.digest.hex()}"

"""Idempotency keys: the answer is stored in the transaction of its effect."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from agents.api.refusals import Refusal, invalid
from agents.models import IdempotentCall
from easymo import keys

if TYPE_CHECKING:
    from agents.api.refusals import Body
    from agents.models import ApiToken

HEADER = "Idempotency-Key"
PURPOSE = "api-fingerprint"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CLAIM = "SELECT outcome, call_id, kept_fingerprint, kept FROM api_claim(%s,%s,%s,%s)"


@dataclass(frozen=True, slots=True)
class Key:
    """A caller's key, unique within one operation and one token."""

    operation: str
    text: str
    # False for the call id of a tool event: it replays whatever the body is.
    binds_body: bool = True

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed key, or the earlier answer under this key."""

    call_id: int | None
    earlier: Body | None = None

    def store(self, answer: Body) -> None:
        """Store the answer, which must contain no secrets."""
        if self.call_id is not None:
            text = json.dumps(answer, ensure_ascii=False)
            IdempotentCall.objects.filter(pk=self.call_id).update(answer=text)


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def key_from_header(operation: str, text: str | None) -> Key | None:
    """Return the key of a request; without the header every call is a new one."""
    if text is None:
        return None
    if not is_key(text):
        raise invalid({HEADER: "A key has 1 to 255 visible ASCII characters."})
    return Key(operation, text)


def claim(token: ApiToken, key: Key | None, body: Body) -> Claim:
    """Claim the key for this transaction; wait up to two seconds for another one.

    Raises 401 when the token was revoked meanwhile, 409 while the first call runs,
    422 when the key was used with another body.
    """
    fingerprints = _fingerprints(body) if key else [None]
    operation, digest = (key.operation, key.digest) if key else ("", None)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [token.pk, operation, digest, fingerprints[0]])
        outcome, call_id, stored_fingerprint, stored_answer = cursor.fetchone()
    match outcome:
        case "revoked":
            raise Refusal("unauthorized")
        case "in_progress":
            raise Refusal("in_progress")
        case "claimed":
            return Claim(call_id)
    if key and key.binds_body and bytes(stored_fingerprint) not in fingerprints:
        raise Refusal("idempotency_mismatch")
    return Claim(call_id, json.loads(stored_answer))


def _fingerprints(body: Body) -> list[bytes | None]:
    """Return the HMAC of the body under each key of the deployment.

    Keyed: a plain hash of a phone number can be reversed within a second.
    """
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return [value for _, value in keys.digests(PURPOSE, canonical)]


def event_key(token: ApiToken, key: Key) -> str:
    """Return the cause of a voucher event, which outlives the stored answer."""
    return f"api:{token.pk}:{key.operation}:{key.digest.hex()}"

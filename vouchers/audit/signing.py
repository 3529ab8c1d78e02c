"""Sign checkpoints with Ed25519, so that a third party can check them without a secret.

The private keys are derived from ``EASYMO_KEYS``. Every key of the ring signs: while
one of them is kept, the checkpoint can be checked.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from django.conf import settings

from easymo import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

# What each document says at least.
NAMES = {
    **dict.fromkeys(("number", "vouchers", "last_voucher", "last_event"), int),
    **dict.fromkeys(("created_at", "root"), str),
    **dict.fromkeys(("totals", "keys"), dict),
}
PURPOSE = "voucher-checkpoint-signature"


def canonical(document: Mapping[str, Any]) -> str:
    """Return the text that is signed: JSON with sorted names and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def read(document: str) -> dict[str, Any]:
    """Return the content of a document; empty when it cannot be read."""
    try:
        found = json.loads(document)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    is_complete = all(type(found.get(name)) is kind for name, kind in NAMES.items())
    sums = found.get("totals", {}).values() if is_complete else ()
    return found if is_complete and all(type(each) is int for each in sums) else {}


def hash_of(document: str) -> bytes:
    return hashlib.sha256(document.encode()).digest()


def public_keys() -> dict[str, str]:
    """Return the public key of each key of the ring, in hexadecimal."""
    return {
        key_id: _private(key_id).public_key().public_bytes_raw().hex()
        for key_id in settings.EASYMO_KEYS
    }


def sign(document: str) -> dict[str, str]:
    """Return a signature by each key of the ring."""
    return {
        key_id: _private(key_id).sign(document.encode()).hex()
        for key_id in settings.EASYMO_KEYS
    }


def check(
    document: str, signatures: Mapping[str, str], trusted: Mapping[str, str]
) -> bool | None:
    """Tell whether a trusted key signed it; None when no signature is by such a key.

    Every signature by a trusted key must be right.
    """
    if not isinstance(signatures, dict):
        return False
    known = [key_id for key_id in signatures if key_id in trusted]
    if not known:
        return None
    return all(_is_right(document, signatures[each], trusted[each]) for each in known)


def _is_right(document: str, signature: str, public: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), document.encode())
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _private(key_id: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(
        keys.digest(PURPOSE, b"", key_id=key_id)
    )

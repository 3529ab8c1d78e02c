"""Codes on their way to their owners: sealed, and gone within a day."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from easymo import keys
from vouchers.codes import Code, new_code
from vouchers.models import Envelope

if TYPE_CHECKING:
    import uuid

    from vouchers.models import Voucher

PURPOSE = "voucher-envelope"
# Without 0, 1, I, L, O and U: read aloud and typed without doubt.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def read(voucher: Voucher) -> Code | None:
    """Return the code while it may still be told, else None."""
    envelope = Envelope.objects.filter(voucher=voucher, expires_at__gt=Now()).first()
    if envelope is None:
        return None
    context = voucher.public_id.bytes
    plain = keys.unseal(PURPOSE, bytes(envelope.sealed), context=context)
    return Code(plain.decode("ascii"))


def drop(voucher: Voucher) -> None:
    """Forget the code: it was delivered."""
    Envelope.objects.filter(voucher=voucher).delete()


def purge() -> int:
    """Forget the codes that nobody fetched within their day."""
    return Envelope.objects.filter(expires_at__lte=Now()).delete()[0]


def fresh_code(public_id: uuid.UUID) -> tuple[Code, dict[str, Any]]:
    """Draw a code; return it with what is stored of it."""
    code = new_code()
    return code, {
        "hmac": code.hmac,
        "key_id": keys.writing_key_id(),
        "last4": code.last4,
        "sealed": keys.seal(PURPOSE, code.digits.encode(), context=public_id.bytes),
    }


NO_CODE: dict[str, Any] = {"hmac": None, "key_id": "", "last4": "", "sealed": None}


def fresh_reference() -> str:
    """Return a name for people, like ``V7-KQ3M-82``: no secret, hard to mistake."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(7))
    return f"V{letters[0]}-{letters[1:5]}-{letters[5:]}"

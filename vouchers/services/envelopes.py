"""Encrypted codes, kept until they are delivered, at most for ``voucher_code_period``."""

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
# Without 0, 1, I, L, O and U, which are easily confused.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def read(voucher: Voucher) -> Code | None:
    """Return the code while its envelope is valid, else None."""
    envelope = Envelope.objects.filter(voucher=voucher, expires_at__gt=Now()).first()
    if envelope is None:
        return None
    context = voucher.public_id.bytes
    plain = keys.unseal(PURPOSE, bytes(envelope.sealed), context=context)
    return Code(plain.decode("ascii"))


def drop(voucher: Voucher) -> None:
    """Delete the code after its delivery."""
    Envelope.objects.filter(voucher=voucher).delete()


def purge() -> int:
    """Delete the codes that were not delivered in time; return how many."""
    return Envelope.objects.filter(expires_at__lte=Now()).delete()[0]


def fresh_code(public_id: uuid.UUID) -> tuple[Code, dict[str, Any]]:
    """Draw a code; return it with the values that are stored."""
    code = new_code()
    return code, {
        "hmac": code.hmac,
        "key_id": keys.writing_key_id(),
        "last4": code.last4,
        "sealed": keys.seal(PURPOSE, code.digits.encode(), context=public_id.bytes),
    }


NO_CODE: dict[str, Any] = {"hmac": None, "key_id": "", "last4": "", "sealed": None}


def fresh_reference() -> str:
    """Return a readable reference like ``V7-KQ3M-82``; it is no secret."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(7))
    return f"V{letters[0]}-{letters[1:5]}-{letters[5:]}"

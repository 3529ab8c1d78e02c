"""The address of the page on which a person sets their PIN, once.

A stored text has "{pin_link:<id>}". The token is an HMAC of the id under EASYMO_KEYS: it
is made when the message is sent, and the database holds its digest only.
"""

from __future__ import annotations

import base64
import hashlib
import re
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from easymo import keys

PURPOSE = "pin-link"
# Logs mask what begins like this, also within an address.
PREFIX = "easymo_"
PLACEHOLDER = re.compile(
    r"\{pin_link:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}"
)


def token_of(public_id: UUID, *, key_id: str | None = None) -> str:
    mac = keys.digest(PURPOSE, public_id.bytes, key_id=key_id)
    return PREFIX + base64.urlsafe_b64encode(mac).decode().rstrip("=")


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def address_of(public_id: UUID) -> str:
    return settings.SITE_ADDRESS + reverse("phone-pin", args=[token_of(public_id)])


def fill_in(text: str) -> str:
    """Replace the placeholders of links by their addresses."""
    return PLACEHOLDER.sub(lambda found: address_of(UUID(found[1])), text)

"""The one-time code of the station page, filled in when its message is sent.

A stored text has "{sign_in_code:<id>}". The code is an HMAC of the id under EASYMO_KEYS.
"""

from __future__ import annotations

import re
from uuid import UUID

from easymo import keys

PURPOSE = "station-sign-in"
DIGITS = 6
PLACEHOLDER = re.compile(
    r"\{sign_in_code:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}"
)


def code_of(public_id: UUID) -> str:
    """Return six digits."""
    mac = keys.digest(PURPOSE, public_id.bytes)
    return f"{int.from_bytes(mac[:8]) % 10**DIGITS:0{DIGITS}}"


def fill_in(text: str) -> str:
    """Replace the placeholders by their codes."""
    return PLACEHOLDER.sub(lambda found: code_of(UUID(found[1])), text)

"""Words of a call as they are stored: no codes, no PIN, numbers masked."""

from __future__ import annotations

import re

from agents.core.code_redaction import blank_code_digits
from easymo.observability.privacy import scrub

MAX_LENGTH = 8_000
# A PIN that a caller says although it belongs on the keypad: four to eight digits,
# also with pauses between them. Amounts look alike and are in the tool rows.
_DIGITS = re.compile(r"(?<![\w*])\d(?:[\s.,\-]{0,2}\d){3,}(?!\w)")


def scrubbed(text: str) -> str:
    """Return spoken words without codes, numbers, and any longer run of digits."""
    if not text:
        return ""
    clean = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return _DIGITS.sub("[digits]", scrub(blank_code_digits(clean)))[:MAX_LENGTH]

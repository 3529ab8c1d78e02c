"""Voucher codes in what a person writes: taken out before anyone else reads it.

The text keeps the place, "[code 1]"; the digits travel beside it, sealed, until the
turn that uses them is closed. A model never sees them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from uuid import UUID

from agents.models import CarriedCode
from easymo import keys
from vouchers.codes import Code, find_codes, parse_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agents.models import OutboundMessage

PURPOSE = "inbound-codes"
PLACE = re.compile(r"\[code (\d{1,3})\]")
# Sixteen digits whose check digit is wrong: a slip, and still nobody's to read.
MISTYPED = "[mistyped code]"


def take_out(text: str) -> tuple[str, bytes | None]:
    """Return the text with places for its codes, and the codes sealed."""
    # What looks like one of our places already would point at another code.
    text = PLACE.sub(r"(code \1)", text)
    parts: list[str] = []
    codes: list[str] = []
    end = 0
    for match in find_codes(text):
        parts.append(text[end : match.start])
        end = match.end
        if match.code is None:
            parts.append(MISTYPED)
            continue
        codes.append(match.code.digits)
        parts.append(f"[code {len(codes)}]")
    parts.append(text[end:])
    sealed = keys.seal(PURPOSE, json.dumps(codes).encode()) if codes else None
    return "".join(parts), sealed


def open_codes(sealed: bytes | memoryview | None) -> list[Code]:
    """Return the codes of one message, "[code 1]" first."""
    if not sealed:
        return []
    digits = json.loads(keys.unseal(PURPOSE, bytes(sealed)))
    return [parse_code(entry) for entry in digits]


def number_through(
    messages: Iterable[tuple[str, bytes | memoryview | None]],
) -> tuple[list[str], Mapping[int, Code]]:
    """Number the codes of several messages through, so that each place is one code."""
    texts: list[str] = []
    codes: dict[int, Code] = {}
    for text, sealed in messages:
        texts.append(_numbered_from(text, len(codes)))
        codes |= dict(enumerate(open_codes(sealed), start=len(codes) + 1))
    return texts, codes


def _numbered_from(text: str, before: int) -> str:
    def place(found: re.Match[str]) -> str:
        return f"[code {int(found[1]) + before}]"

    return PLACE.sub(place, text)


def hide_codes(text: str) -> str:
    """Blank whatever looks like a code, in words that are to be kept."""
    for match in reversed(find_codes(text)):
        text = f"{text[: match.start]}[code]{text[match.end :]}"
    return text


SLOT = re.compile(
    r"\{code:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}"
)


def slots_in(texts: Iterable[str]) -> set[UUID]:
    """Return the vouchers whose codes the texts have room for."""
    return {UUID(found) for text in texts for found in SLOT.findall(text)}


def carry(message: OutboundMessage, texts: Iterable[str]) -> None:
    """Note which codes the message brings."""
    CarriedCode.objects.bulk_create(
        [CarriedCode(outbound=message, voucher_id=slot) for slot in slots_in(texts)],
        ignore_conflicts=True,
    )

"""Voucher codes in what a person writes: taken out before anyone else reads it.

The text keeps the place, "[code 1]"; the digits travel beside it, sealed, until the
turn that uses them is closed. A model never sees them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from uuid import UUID

from agents.models import Announcement, CarriedCode, OutboundMessage
from easymo import keys
from vouchers.codes import Code, find_codes, parse_code
from vouchers.models import Voucher, VoucherEvent
from vouchers.services import envelopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PURPOSE = "inbound-codes"
REDACTED_CODE = re.compile(r"\[code (\d{1,3})\]")
# Sixteen digits whose check digit is wrong: a slip, and still nobody's to read.
MISTYPED = "[mistyped code]"


def redact_codes(text: str) -> tuple[str, bytes | None]:
    """Return the text with places for its codes, and the codes sealed."""
    # What looks like one of our places already would point at another code.
    text = REDACTED_CODE.sub(r"(code \1)", text)
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


def unseal_codes(sealed: bytes | memoryview | None) -> list[Code]:
    """Return the codes of one message, "[code 1]" first."""
    if not sealed:
        return []
    digits = json.loads(keys.unseal(PURPOSE, bytes(sealed)))
    return [parse_code(entry) for entry in digits]


def renumber_codes(
    messages: Iterable[tuple[str, bytes | memoryview | None]],
) -> tuple[list[str], Mapping[int, Code]]:
    """Number the codes of several messages through, so that each place is one code."""
    texts: list[str] = []
    codes: dict[int, Code] = {}
    for text, sealed in messages:
        texts.append(_numbered_from(text, len(codes)))
        codes |= dict(enumerate(unseal_codes(sealed), start=len(codes) + 1))
    return texts, codes


def _numbered_from(text: str, before: int) -> str:
    def place(found: re.Match[str]) -> str:
        return f"[code {int(found[1]) + before}]"

    return REDACTED_CODE.sub(place, text)


def blank_code_digits(text: str) -> str:
    """Blank whatever looks like a code, in words that are to be kept."""
    for match in reversed(find_codes(text)):
        text = f"{text[: match.start]}[code]{text[match.end :]}"
    return text


PLACEHOLDER = re.compile(
    r"\{code:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}"
)


def placeholders_in(texts: Iterable[str]) -> set[UUID]:
    """Return the vouchers whose codes the texts have room for."""
    return {UUID(found) for text in texts for found in PLACEHOLDER.findall(text)}


def record_carried_codes(message: OutboundMessage, texts: Iterable[str]) -> None:
    """Note which codes the message brings."""
    CarriedCode.objects.bulk_create(
        [
            CarriedCode(outbound=message, voucher_id=slot)
            for slot in placeholders_in(texts)
        ],
        ignore_conflicts=True,
    )


# Messages that may still have to show it.
UNDELIVERED = (
    OutboundMessage.State.QUEUED,
    OutboundMessage.State.SENDING,
    OutboundMessage.State.UNKNOWN,
    OutboundMessage.State.SENT,
)
CODE_EVENTS = (VoucherEvent.Kind.ISSUED, VoucherEvent.Kind.CODE_ROTATED)


def restore_codes(text: str) -> str:
    """Put the codes in; one that is no longer kept shows its last four digits."""
    return PLACEHOLDER.sub(lambda found: _shown(UUID(found[1])), text)


def drop_delivered_codes(message: OutboundMessage) -> None:
    """Drop the envelopes of the codes that have now arrived wherever they had to.

    One that the API issued stays for its day: its first answer may be asked again.
    """
    for carried in message.carried_codes.all():
        still_needed = CarriedCode.objects.filter(
            voucher_id=carried.voucher_id, outbound__state__in=UNDELIVERED
        ).exclude(outbound=message)
        if still_needed.exists():
            continue
        voucher = Voucher.objects.filter(public_id=carried.voucher_id).first()
        if voucher is not None and _is_told(voucher):
            envelopes.drop(voucher)


def _is_told(voucher: Voucher) -> bool:
    event = voucher.events.filter(kind__in=CODE_EVENTS).order_by("-seq").first()
    return (
        event is not None
        and event.channel != "api"
        and Announcement.objects.filter(pk=event.pk).exists()
    )


def _shown(public_id: UUID) -> str:
    voucher = Voucher.objects.filter(public_id=public_id).first()
    if voucher is None:
        return "•••• •••• •••• ••••"
    code = envelopes.read(voucher)
    return code.formatted if code else f"•••• •••• •••• {voucher.code_last4}"

"""Voucher codes in messages: redacted when they arrive, restored when they are sent.

A stored inbound text has "[code 1]" in place of a code, and the digits are sealed
beside it until its turn is closed. Where several messages hold one code, the last has
the placeholder. A stored outbound text has "{code:<voucher id>}". The model never sees
the digits.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from agents.core import pin_tokens, sign_in_codes
from agents.models import Announcement, CarriedCode, OutboundMessage
from easymo import keys
from vouchers.codes import Code, find_codes, parse_code
from vouchers.models import Voucher, VoucherEvent
from vouchers.reading.code_search import long_parts
from vouchers.reading.signs import without_separators
from vouchers.services import envelopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vouchers.reading.code_search import Span

PURPOSE = "inbound-codes"
REDACTED_CODE = re.compile(r"\[code (\d{1,3})\]")
# Sixteen digits with a wrong check digit: a typing error, which is secret too.
MISTYPED = "[mistyped code]"
# An earlier part of a code that other words or messages split.
PART = "[part of a code]"
# A mobile number with one digit too few or too many, or of a neighbouring country.
_NUMBER_LIKE = re.compile(
    r"(?:250)?07[2389]\d{6}(?:\d\d)?|2507[2389]\d{6}(?:\d\d)?|(?:243|25[4-7])\d{9}"
)
PLACEHOLDER = re.compile(
    r"\{code:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}"
)
HIDDEN_CODE = "•••• •••• •••• ••••"
HIDDEN_SIGN_IN = "••••••"
HIDDEN_LINK = "(a link for this person)"
# Messages that still have to show their code.
UNDELIVERED = (
    OutboundMessage.State.QUEUED,
    OutboundMessage.State.SENDING,
    OutboundMessage.State.UNKNOWN,
    OutboundMessage.State.SENT,
)
CODE_EVENTS = (VoucherEvent.Kind.ISSUED, VoucherEvent.Kind.CODE_ROTATED)


@dataclass(frozen=True, slots=True)
class Redacted:
    """Texts without their codes, and the sealed codes of the newest text."""

    texts: tuple[str, ...]
    codes_sealed: bytes | None


def redact_codes(text: str) -> tuple[str, bytes | None]:
    """Return the text with its codes replaced, and the sealed codes."""
    redacted = redact_among([text], newest=0)
    return redacted.texts[0], redacted.codes_sealed


def redact_among(texts: Sequence[str], *, newest: int) -> Redacted:
    """Replace the codes of the newest of several messages, also those it completes.

    The other texts were redacted when they arrived. Their own placeholders stay.
    """
    parts, codes = replace_codes(texts, newest=newest)
    sealed = keys.seal(PURPOSE, json.dumps(codes).encode()) if codes else None
    return Redacted(tuple(parts), sealed)


def replace_codes(texts: Sequence[str], *, newest: int) -> tuple[list[str], list[str]]:
    """Return the texts without codes, and the digits of the codes of the newest."""
    parts = list(texts)
    # A typed "[code 1]" must not refer to a real code.
    parts[newest] = REDACTED_CODE.sub(r"(code \1)", parts[newest])
    codes: list[str] = []
    changes: list[tuple[Span, str]] = []
    for match in find_codes(*parts):
        own = [span for span in match.spans if span.text == newest]
        if not own:
            continue
        changes += [(span, PART) for span in match.spans if span is not own[-1]]
        if match.code is None:
            changes.append((own[-1], MISTYPED))
            continue
        codes.append(match.code.digits)
        changes.append((own[-1], f"[code {len(codes)}]"))
    for span, instead in sorted(changes, reverse=True):
        text = parts[span.text]
        parts[span.text] = f"{text[: span.start]}{instead}{text[span.end :]}"
    return parts, codes


def renumber_codes(
    messages: Iterable[tuple[str, bytes | memoryview | None]],
) -> tuple[list[str], Mapping[int, Code]]:
    """Number the codes of several messages consecutively; return texts and codes."""
    texts: list[str] = []
    codes: dict[int, Code] = {}
    for text, sealed in messages:
        before = len(codes)
        texts.append(_shift_numbers(text, before))
        codes |= dict(enumerate(_unseal(sealed), start=before + 1))
    return texts, codes


def _shift_numbers(text: str, by: int) -> str:
    return REDACTED_CODE.sub(lambda found: f"[code {int(found[1]) + by}]", text)


def _unseal(sealed: bytes | memoryview | None) -> list[Code]:
    if not sealed:
        return []
    digits = json.loads(keys.unseal(PURPOSE, bytes(sealed)))
    return [parse_code(entry) for entry in digits]


def hide_parts(text: str) -> str:
    """Replace digits that may be the first part of a code, whose rest comes later.

    What can be a telephone number, also one with a digit too few or too many, stays.
    """
    for span in sorted(long_parts(text), reverse=True):
        written = text[span.start : span.end]
        if not _NUMBER_LIKE.fullmatch(without_separators(written).lstrip("+")):
            text = f"{text[: span.start]}{PART}{text[span.end :]}"
    return text


def record_carried_codes(message: OutboundMessage, texts: Iterable[str]) -> None:
    """Store which vouchers' codes an outbound message carries."""
    vouchers = {UUID(found) for text in texts for found in PLACEHOLDER.findall(text)}
    CarriedCode.objects.bulk_create(
        [CarriedCode(outbound=message, voucher_id=voucher) for voucher in vouchers],
        ignore_conflicts=True,
    )


def restore_codes(text: str) -> str:
    """Fill in the codes; show the last four digits of a code that was dropped.

    Links to the page of a PIN and codes of the station page are filled in too.
    """
    text = sign_in_codes.fill_in(pin_tokens.fill_in(text))
    return PLACEHOLDER.sub(lambda found: _formatted(UUID(found[1])), text)


def hide_placeholders(text: str) -> str:
    """Return a stored text as a colleague reads it, without codes and links."""
    text = pin_tokens.PLACEHOLDER.sub(HIDDEN_LINK, text)
    text = sign_in_codes.PLACEHOLDER.sub(HIDDEN_SIGN_IN, text)
    return PLACEHOLDER.sub(HIDDEN_CODE, text)


def _formatted(public_id: UUID) -> str:
    voucher = Voucher.objects.filter(public_id=public_id).first()
    if voucher is None:
        return HIDDEN_CODE
    code = envelopes.read(voucher)
    return code.formatted if code else f"•••• •••• •••• {voucher.code_last4}"


def drop_delivered_codes(message: OutboundMessage) -> None:
    """Drop the sealed codes that no other message still has to deliver.

    A code issued by the API is kept for its day, because a replay returns it.
    """
    for carried in message.carried_codes.all():
        still_needed = CarriedCode.objects.filter(
            voucher_id=carried.voucher_id, outbound__state__in=UNDELIVERED
        ).exclude(outbound=message)
        if still_needed.exists():
            continue
        voucher = Voucher.objects.filter(public_id=carried.voucher_id).first()
        if voucher is not None and _is_announced(voucher):
            envelopes.drop(voucher)


def _is_announced(voucher: Voucher) -> bool:
    event = voucher.events.filter(kind__in=CODE_EVENTS).order_by("-seq").first()
    return (
        event is not None
        and event.channel != "api"
        and Announcement.objects.filter(pk=event.pk).exists()
    )

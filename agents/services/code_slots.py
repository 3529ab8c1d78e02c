"""Codes in what we send: a slot in the row, the digits only when it is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from agents.models import CarriedCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agents.models import OutboundMessage

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

"""Codes into what is sent, and their envelopes away once they arrived."""

from __future__ import annotations

from uuid import UUID

from agents.core.code_redaction import SLOT
from agents.models import Announcement, CarriedCode, OutboundMessage
from vouchers.models import Voucher, VoucherEvent
from vouchers.services import envelopes

# Messages that may still have to show it.
NEEDING = (
    OutboundMessage.State.QUEUED,
    OutboundMessage.State.SENDING,
    OutboundMessage.State.UNKNOWN,
    OutboundMessage.State.SENT,
)
BRINGING = (VoucherEvent.Kind.ISSUED, VoucherEvent.Kind.CODE_ROTATED)


def fill(text: str) -> str:
    """Put the codes in; one that is no longer kept shows its last four digits."""
    return SLOT.sub(lambda found: _shown(UUID(found[1])), text)


def forget_codes(message: OutboundMessage) -> None:
    """Drop the envelopes of the codes that have now arrived wherever they had to.

    One that the API issued stays for its day: its first answer may be asked again.
    """
    for carried in message.carried_codes.all():
        still_needed = CarriedCode.objects.filter(
            voucher_id=carried.voucher_id, outbound__state__in=NEEDING
        ).exclude(outbound=message)
        if still_needed.exists():
            continue
        voucher = Voucher.objects.filter(public_id=carried.voucher_id).first()
        if voucher is not None and _is_told(voucher):
            envelopes.drop(voucher)


def _is_told(voucher: Voucher) -> bool:
    event = voucher.events.filter(kind__in=BRINGING).order_by("-seq").first()
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

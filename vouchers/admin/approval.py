"""What an approver sees before the decision, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from vouchers import approvals

if TYPE_CHECKING:
    from vouchers.models import Voucher

CHANNELS = {
    "whatsapp": "WhatsApp",
    "voice": "the phone",
    "api": "the API",
    "admin": "the back office",
    "station": "the station page",
    "import": "an import",
    "system": "the system",
}


def request_facts(voucher: Voucher) -> list[str]:
    """Return the facts of a request, one sentence each."""
    facts = approvals.facts_of(voucher)
    at = timezone.localtime(facts.asked_at)
    channel = CHANNELS.get(facts.channel, facts.channel)
    words = facts.words
    return [
        f"{facts.amount} for {voucher.owner}",
        f"Requested by {facts.requester} over {channel} on "
        f"{at.day} {at:%B %Y} at {at:%H:%M}",
        f"Their words: “{words}”" if words else "Their words are not stored",
        *facts.limits,
        facts.history,
    ]

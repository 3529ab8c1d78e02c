"""What an approver sees before the decision, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vouchers import approvals

if TYPE_CHECKING:
    from vouchers.models import Voucher

CHANNELS = {
    "whatsapp": "WhatsApp",
    "voice": _("the phone"),
    "api": _("the API"),
    "admin": _("the back office"),
    "station": _("the station page"),
    "import": _("an import"),
    "system": _("the system"),
}


def request_facts(voucher: Voucher) -> list[str]:
    """Return the facts of a request, one sentence each."""
    facts = approvals.facts_of(voucher)
    at = timezone.localtime(facts.asked_at)
    channel = CHANNELS.get(facts.channel, facts.channel)
    words = facts.words
    return [
        gettext("{amount} for {owner}").format(
            amount=facts.amount, owner=voucher.owner
        ),
        gettext("Requested by {requester} over {channel} on {day} at {time}").format(
            requester=facts.requester,
            channel=channel,
            day=date_format(at, "j F Y"),
            time=date_format(at, "H:i"),
        ),
        gettext("Their words: “{words}”").format(words=words)
        if words
        else gettext("Their words are not stored"),
        *facts.limits,
        facts.history,
    ]

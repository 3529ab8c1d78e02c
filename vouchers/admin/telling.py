"""What a colleague may tell the owner about a voucher, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from vouchers.models import Voucher
from vouchers.money import Money, shown_money
from vouchers.services.transition import KIGALI

if TYPE_CHECKING:
    from datetime import datetime

Status = Voucher.Status


def what_to_tell(voucher: Voucher, now: datetime) -> str:
    """Return the sentence; it names no code, no reason and no other person."""
    facts = {
        "amount": shown_money(Money(voucher.amount_minor, voucher.currency)),
        "last_day": _day(voucher.expires_at),
        "station": voucher.station.name if voucher.station else "",
        "on": _day(voucher.redeemed_at or voucher.voided_at or voucher.created_at),
    }
    sentences = {
        Status.PENDING_APPROVAL: _(
            "Your voucher of %(amount)s was requested on %(on)s and waits for approval;"
            " we write to you when it is decided."
        ),
        Status.ISSUED: _(
            "Your voucher of %(amount)s is valid until %(last_day)s at any of our"
            " stations; the code is in the message that we sent you."
        ),
        Status.REDEEMED: _(
            "Your voucher of %(amount)s was used at %(station)s on %(on)s."
        ),
        Status.VOID: _("Your voucher of %(amount)s was withdrawn on %(on)s."),
        Status.EXPIRED: _(
            "Your voucher of %(amount)s ended on %(last_day)s and can no longer be used."
        ),
    }
    return sentences[Status(voucher.status_at(now))] % facts


def _day(moment: datetime) -> str:
    day = timezone.localdate(moment, KIGALI)
    return date_format(day, "j F Y")

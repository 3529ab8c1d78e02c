"""Remind owners of vouchers that end in seven days and tomorrow, by day in Kigali.

All vouchers of a day end at the same moment and are read in the order of their ids. A
page of them, their messages and the position after them are one transaction. The cause
of a message is unique: voucher, days and last day.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from agents.identity import consent
from agents.language import texts
from agents.language.choice import language_of
from agents.models import ReminderRun
from agents.notifications.unrequested import (
    TEMPLATE_LANGUAGES,
    conversation_with,
    enqueue_unrequested,
    may_be_told,
)
from agents.whatsapp.graph_client import Template
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags import exposure
from vouchers.models import Voucher
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from vouchers.models import Profile

logger = get_logger(__name__)

KIGALI = ZoneInfo("Africa/Kigali")
DAYS = (7, 1)
# People are written to between these hours.
FIRST, LAST = time(9), time(18)
PAGE = 100
# Pages of one run; the next run continues a few minutes later.
MOST_PAGES = 20


def remind(now: datetime | None = None) -> int:
    """Queue the next reminders; return how many. Does nothing unless switched on."""
    total = 0
    if not settings.VOUCHER_REMINDERS:
        return total
    for days in DAYS:
        for _ in range(MOST_PAGES):
            local = timezone.localtime(now or timezone.now(), KIGALI)
            if not FIRST <= local.time() < LAST or not _is_on():
                return total
            sent = _remind_page(days, local.date() + timedelta(days=days))
            if sent is None:
                break
            total += sent
    if total:
        logger.info("ai.voucher.reminded", count=total)
    return total


def _is_on() -> bool:
    """Tell whether anyone may be answered and redeem; a rollback only pauses."""
    needed = (Feature.CHAT, Feature.VOUCHERS)
    return all(exposure.is_on_for_anyone(feature) for feature in needed)


def _remind_page(days: int, last_day: date) -> int | None:
    """Remind the owners of one page of vouchers; None when all were read."""
    with transaction.atomic():
        runs = ReminderRun.objects.select_for_update()
        run, _ = runs.get_or_create(days=days, last_day=last_day)
        if run.finished_at is not None:
            return None
        end = datetime.combine(last_day + timedelta(days=1), time(), KIGALI)
        page = list(
            Voucher.objects.filter(
                expires_at=end - timedelta(microseconds=1), pk__gt=run.voucher_id
            )
            .select_related("owner")
            .order_by("pk")[:PAGE]
        )
        issued = [row for row in page if row.status == Voucher.Status.ISSUED]
        sent = sum(_remind(row, days, last_day) for row in issued)
        run.sent += sent
        if page:
            run.voucher_id = page[-1].pk
        if len(page) < PAGE:
            run.finished_at = timezone.now()
        run.save(update_fields=["sent", "voucher_id", "finished_at"])
    return sent


def _remind(voucher: Voucher, days: int, last_day: date) -> bool:
    owner = voucher.owner
    name = settings.WA_TEMPLATE_EXPIRY_REMINDER
    if not may_be_told(owner) or not _may_redeem(owner):
        return False
    conversation = conversation_with(owner, may_create=bool(name))
    if conversation is None:
        return False
    language = language_of(conversation)
    amount = format_money(Money(voucher.amount_minor, voucher.currency))
    expires = texts.format_date(voucher.expires_at, language)
    facts = (amount, voucher.reference, expires)
    return enqueue_unrequested(
        conversation,
        cause=f"{consent.NOTIFICATION_PREFIX}expiring:{voucher.pk}:{days}:{last_day}",
        body=texts.render(
            "notice.expiring",
            language,
            amount=amount,
            reference=voucher.reference,
            expires=expires,
        ),
        template=Template(name, TEMPLATE_LANGUAGES[language], facts) if name else None,
    )


def _may_redeem(owner: Profile) -> bool:
    return exposure.exposure_of(str(owner.public_id)).vouchers

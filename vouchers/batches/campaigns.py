"""Campaigns: a budget, days and a stop for the batches that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from easymo.sentences import translatable
from vouchers.errors import CampaignRefused, InvalidRequest, NotAllowed
from vouchers.models import Campaign
from vouchers.services.profiles import clean_name
from vouchers.services.transition import clean_reason

if TYPE_CHECKING:
    from datetime import date

    from django.contrib.auth.models import User

    from vouchers.money import Money

BAR = "SELECT campaign_bar(c) FROM voucher_campaign c WHERE c.id = %s FOR SHARE"
# The keys of a batch's vouchers begin alike, and the index of the keys finds them.
FIGURES = """
SELECT count(*), coalesce(sum(v.amount_minor), 0),
       count(*) FILTER (WHERE v.status = 'redeemed'),
       coalesce(sum(v.amount_minor) FILTER (WHERE v.status = 'redeemed'), 0)
  FROM voucher_batch b
  JOIN voucher_event e
    ON e.key ~>=~ ('batch:' || encode(b.sha256, 'hex') || ':')
   AND e.key ~<~ ('batch:' || encode(b.sha256, 'hex') || ';')
   AND e.kind = 'issued'
  JOIN vouchers v ON v.id = e.voucher_id
 WHERE b.campaign_id = %s AND b.state IN ('issuing', 'done')
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was issued and redeemed for a campaign, in minor units."""

    issued: int
    issued_minor: int
    redeemed: int
    redeemed_minor: int


def create_campaign(
    *,
    name: str,
    budget: Money,
    first_day: date,
    last_day: date,
    reason: str,
    user: User,
) -> Campaign:
    """Begin a campaign. Raises InvalidRequest, InvalidReason."""
    if last_day < first_day:
        raise InvalidRequest(translatable("The last day is before the first day."))
    if budget.minor < 1:
        raise InvalidRequest(translatable("A campaign has a budget of at least 1."))
    named = clean_name(name)
    if not named:
        raise InvalidRequest(translatable("A campaign needs a name."))
    try:
        with transaction.atomic():
            return Campaign.objects.create(
                name=named,
                currency=budget.currency,
                budget_minor=budget.minor,
                first_day=first_day,
                last_day=last_day,
                reason=clean_reason(reason),
                created_by=user,
            )
    except IntegrityError as error:
        raise InvalidRequest(
            translatable("There is a campaign of this name already.")
        ) from error


def stop_campaign(*, campaign: Campaign, user: User, reason: str) -> Campaign:
    """Stop a campaign for ever; a batch that is being issued ends with its part.

    Raises NotAllowed, InvalidReason.
    """
    text = clean_reason(reason)
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if row.stopped_at is not None:
            raise NotAllowed(translatable("This campaign is stopped already."))
        row.stopped_at, row.stopped_by, row.stop_reason = timezone.now(), user, text
        row.save(update_fields=["stopped_at", "stopped_by", "stop_reason"])
    return row


def refusal_of(error: IntegrityError) -> CampaignRefused | None:
    """Return what the trigger refused; None for another constraint."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", "") or ""
    return CampaignRefused(name) if name in CampaignRefused.SENTENCES else None


def bar_of(campaign_id: int | None) -> str:
    """Return why no further part may be issued, in the running transaction."""
    if campaign_id is None:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(BAR, [campaign_id])
        (bar,) = cursor.fetchone()
    return str(CampaignRefused(bar)) if bar else ""


def figures(campaign: Campaign) -> Figures:
    """Return what became of the campaign's vouchers."""
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, [campaign.pk])
        return Figures(*map(int, cursor.fetchone()))

"""The settlement of the last month, sent once to Slack and the addresses of reports."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from rollout.core import jobs
from rollout.notices import notices
from vouchers.settlement import files
from vouchers.settlement.figures import KIGALI, settlement

if TYPE_CHECKING:
    from datetime import datetime

# An hour of the day in Kigali.
MORNING = 7


def send_monthly(now: datetime | None = None) -> int:
    """Queue the settlement of the month before, from the first morning on.

    A month in which nothing was redeemed or taken back is not sent.
    """
    local = timezone.localtime(now or timezone.now(), KIGALI)
    if local.day == 1 and local.hour < MORNING:
        return 0
    last = local.date().replace(day=1) - timedelta(days=1)
    key = f"settlement:{last:%Y-%m}"
    if notices.was_queued(key):
        return 0
    made = settlement(first=last.replace(day=1), last=last)
    if not made.lines:
        return 0
    text = (
        f"{files.render(made, 'table').decode()}\n"
        "The statements and spreadsheets are on the page Settlement of the back office."
    )
    notices.queue_report(subject=f"Settlement of {last:%B %Y}", text=text, key=key)
    jobs.enqueue_notices()
    return 1

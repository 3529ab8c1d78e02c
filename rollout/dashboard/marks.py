"""What people changed, as marks in the charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from rollout.dashboard.svg import Mark
from rollout.dashboard.trouble import label_of
from rollout.models import FlagChange
from rollout.selectors import state_text

if TYPE_CHECKING:
    from datetime import datetime

MOST = 20
# Closer than this share of the width, two are one.
APART = 0.012


def marks_between(since: datetime, until: datetime) -> list[Mark]:
    """Return what was changed in that time, oldest first: one query."""
    rows = FlagChange.objects.filter(flag__isnull=False, at__gte=since, at__lte=until)
    found: list[Mark] = []
    for row in reversed(rows.select_related("flag").order_by("-id")[:MOST]):
        if not row.before:
            # Registered with the first migration: nobody changed anything.
            continue
        place = min(1.0, max(0.0, (row.at - since) / (until - since)))
        flag = label_of(row.flag.name) if row.flag else ""
        words = (
            f"{timezone.localtime(row.at):%d %b %H:%M} {flag}:"
            f" {state_text(row.before)} → {state_text(row.after)}"
            f" by {row.actor} ({row.reason})"
        )
        if found and place - found[-1].place < APART:
            last = found.pop()
            found.append(Mark(last.place, last.number, f"{last.words}; {words}"))
        else:
            found.append(Mark(place, len(found) + 1, words))
    return found

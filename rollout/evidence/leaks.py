"""Personal data found in logs in spite of the masking, for guardrails and gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum

from easymo.observability.models import LeakFinding, ScannedLines
from rollout.core.ports import ports

if TYPE_CHECKING:
    from datetime import datetime


def is_known(msisdn: str) -> bool | None:
    """Tell whether a number belongs to a customer; None when it is unknown."""
    return ports.is_customer(msisdn) if ports.is_customer else None


def confirmed_since(at: datetime) -> int:
    """Count the confirmed leaks."""
    return _times(LeakFinding.Level.CONFIRMED, at)


def candidates_since(at: datetime) -> int:
    """Count the possible leaks that are not confirmed."""
    return _times(LeakFinding.Level.CANDIDATE, at)


def lines_scanned_since(at: datetime) -> int:
    """Count the scanned log lines, from the minute of ``at`` on.

    With no leak among n lines, at most 3/n of all lines leak (95 % confidence).
    """
    minute = at.replace(second=0, microsecond=0)
    found = ScannedLines.objects.filter(minute__gte=minute)
    return int(found.aggregate(lines=Sum("lines"))["lines"] or 0)


def _times(level: str, at: datetime) -> int:
    found = LeakFinding.objects.filter(level=level, at__gte=at)
    return int(found.aggregate(times=Sum("times"))["times"] or 0)

"""What the rollout asks of this app about money and people."""

from __future__ import annotations

from agents.services import spend, value
from rollout.ports import ports
from vouchers.models import Profile


def fill() -> None:
    """Fill the rollout's slots."""
    ports.spend_since = spend.since
    ports.is_customer = is_customer
    ports.value_errors_since = value.errors_since


def is_customer(msisdn: str) -> bool:
    """Tell whether a number, as E.164, is somebody's whom we know.

    Sandbox people count: theirs are the numbers that are written out on purpose to
    see whether anybody notices.
    """
    return Profile.objects.filter(msisdn=msisdn).exists()

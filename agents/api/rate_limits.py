"""How often a token, and a customer named by it, may make us work; and how many
unknown numbers a token may name before it looks like a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.api import refusals
from agents.tools import tool_rate
from vouchers.errors import Locked

if TYPE_CHECKING:
    from agents.api.authentication import Principal
    from vouchers.models import Profile

CALLS_A_MINUTE = 120
UNKNOWN_AN_HOUR = 20
HOUR = 3600


def take(principal: Principal, customer: Profile | None) -> None:
    """Take one call of the token's and of the customer's, or raise 429."""
    token = f"token:{principal.token_id}"
    if seconds := tool_rate.take(token, limit=CALLS_A_MINUTE):
        raise refusals.rate_limited(seconds)
    if customer is None:
        return
    limit = tool_rate.limit_for(customer)
    if seconds := tool_rate.take(f"api:{customer.public_id}", limit=limit):
        raise refusals.rate_limited(
            seconds, "Too many calls for this customer in a minute."
        )


def refuse_search(principal: Principal) -> None:
    """Raise ``Locked`` once a token named too many unknown numbers.

    Known numbers are refused alike: else the lock itself would tell them apart.
    """
    seconds = tool_rate.used_up(_numbers(principal), limit=UNKNOWN_AN_HOUR, window=HOUR)
    if seconds is not None:
        raise Locked(seconds, "unknown numbers")


def count_unknown(principal: Principal) -> None:
    """Count one unknown number, or raise ``Locked`` when another took the last."""
    seconds = tool_rate.take(_numbers(principal), limit=UNKNOWN_AN_HOUR, window=HOUR)
    if seconds is not None:
        raise Locked(seconds, "unknown numbers")


def _numbers(principal: Principal) -> str:
    return f"numbers:{principal.token_id}"

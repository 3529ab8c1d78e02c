"""Rate limits: how many calls of a subject are allowed in any 60 seconds."""

from __future__ import annotations

from easymo.database.rates import Rates
from vouchers.models import Profile

WINDOW_SECONDS = 60
LONGEST_WINDOW_SECONDS = 3600
CALLS = 10
CALLS_OF_STAFF = 60
# A token calls from many clients at once; its calls must not wait for each other.
TOKEN_SLOTS = 16
_RATES = Rates("agents_toolrate", LONGEST_WINDOW_SECONDS)
_STAFF = {Profile.Role.STAFF, Profile.Role.STATION}


def limit_for(profile: Profile) -> int:
    return CALLS_OF_STAFF if profile.role in _STAFF else CALLS


def take(subject: str, *, limit: int, window: int = WINDOW_SECONDS) -> int | None:
    """Take one call; return None, or the seconds until the next call is free."""
    slots = TOKEN_SLOTS if subject.startswith("token:") else 1
    return _RATES.take(subject, limit=limit, window=window, slots=slots)


def purge() -> int:
    """Delete the rows without a call in the longest window."""
    return _RATES.purge()

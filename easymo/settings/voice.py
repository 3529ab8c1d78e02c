"""The phone: model, limits and hours of calls."""

from __future__ import annotations

from datetime import time

from easymo.settings.base import DEMONSTRATION, DEMONSTRATION_SECRETS
from easymo.settings.environment import (
    SettingError,
    env_float,
    env_int,
    env_secret,
    env_str,
)

OPENAI_REALTIME_MODEL = env_str("OPENAI_REALTIME_MODEL", "gpt-realtime-2.1")
OPENAI_VOICE = env_str("OPENAI_VOICE", "marin")
# Several secrets while they rotate: each of them is accepted.
OPENAI_WEBHOOK_SECRETS = [
    part.strip()
    for part in (
        env_secret("OPENAI_WEBHOOK_SECRET")
        or DEMONSTRATION_SECRETS.get("OPENAI_WEBHOOK_SECRET", "")
    ).split(",")
    if part.strip()
]
SIP_TRUNK_URI = env_str("SIP_TRUNK_URI")
SIP_TRUNK_USERNAME = env_str("SIP_TRUNK_USERNAME")
SIP_TRUNK_PASSWORD = env_secret("SIP_TRUNK_PASSWORD")
# The simulator's telephone can be put through too; nothing rings there.
VOICE_FALLBACK_URI = env_str(
    "VOICE_FALLBACK_URI",
    "sip:colleagues@demonstration.invalid" if DEMONSTRATION else "",
)
if VOICE_FALLBACK_URI and not VOICE_FALLBACK_URI.startswith(("tel:", "sip:", "sips:")):
    raise SettingError("VOICE_FALLBACK_URI must begin with tel: or sip:.")

VOICE_MAX_CALLS = env_int("VOICE_MAX_CALLS", 20, most=1_000)
VOICE_CALL_SOFT_MINUTES = env_int("VOICE_CALL_SOFT_MINUTES", 12, least=1, most=59)
VOICE_CALL_HARD_MINUTES = env_int("VOICE_CALL_HARD_MINUTES", 15, least=1, most=59)
if VOICE_CALL_SOFT_MINUTES > VOICE_CALL_HARD_MINUTES:
    raise SettingError(
        "VOICE_CALL_SOFT_MINUTES must be at most VOICE_CALL_HARD_MINUTES."
    )

# Limits of cost in US dollars. 0: no limit.
VOICE_CALL_COST_USD = env_float("VOICE_CALL_COST_USD", 3.0, least=0, most=1_000)
VOICE_CALLER_DAILY_COST_USD = env_float(
    "VOICE_CALLER_DAILY_COST_USD", 6.0, least=0, most=10_000
)
VOICE_DAILY_COST_USD = env_float("VOICE_DAILY_COST_USD", 200.0, least=0, most=1_000_000)


def _hours(text: str) -> tuple[time, time] | None:
    """Return the first and the last moment of the day; None: always.

    An end before the start is on the next day.
    """
    if not text:
        return None
    try:
        first, last = (time.fromisoformat(part) for part in text.split("-"))
        well_formed = len(text) == 11
    except ValueError:
        well_formed = False
    if not well_formed or first == last:
        raise SettingError("VOICE_HOURS must look like 08:00-18:00.")
    return first, last


# The hours in which calls are taken, Africa/Kigali.
VOICE_HOURS = _hours(env_str("VOICE_HOURS"))

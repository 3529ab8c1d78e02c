from __future__ import annotations

from easymo.settings.base import DEMONSTRATION, DEMONSTRATION_SECRETS
from easymo.settings.environment import (
    SettingError,
    env_address,
    env_bool,
    env_float,
    env_int,
    env_list,
    env_secret,
    env_str,
    env_url,
)

OPENAI_API_KEY = env_secret("OPENAI_API_KEY")
OPENAI_BASE_URL = env_url("OPENAI_BASE_URL", "https://api.openai.com/v1")
OPENAI_RESPONSES_MODEL = env_str("OPENAI_RESPONSES_MODEL", "gpt-5-mini")
OPENAI_TRANSCRIPTION_MODEL = env_str(
    "OPENAI_TRANSCRIPTION_MODEL", "gpt-4o-mini-transcribe"
)
OPENAI_TIMEOUT_S = env_float("OPENAI_TIMEOUT_S", 20.0, least=1, most=300)

WA_PHONE_ID = env_str("WA_PHONE_ID", "sandbox" if DEMONSTRATION else "")
WA_TOKEN = env_secret("WA_TOKEN")
# Several while one replaces the other: each of them is taken.
WA_APP_SECRETS = [
    part.strip()
    for part in (
        env_secret("WA_APP_SECRET") or DEMONSTRATION_SECRETS.get("WA_APP_SECRET", "")
    ).split(",")
    if part.strip()
]
WA_VERIFY_TOKEN = env_secret("WA_VERIFY_TOKEN") or DEMONSTRATION_SECRETS.get(
    "WA_VERIFY_TOKEN", ""
)
WHATSAPP_API_URL = env_url("WHATSAPP_API_URL", "https://graph.facebook.com/v26.0")
WA_TEMPLATE_VOUCHER_ISSUED = env_str("WA_TEMPLATE_VOUCHER_ISSUED")
WA_TEMPLATE_STATION_NOTICE = env_str("WA_TEMPLATE_STATION_NOTICE")
WA_TEMPLATE_ANNOUNCEMENT = env_str("WA_TEMPLATE_ANNOUNCEMENT")
# Where messages go that are not for the agent; the address may hold a secret.
LEGACY_WEBHOOK_URL = env_address("LEGACY_WEBHOOK_URL")
LEGACY_WEBHOOK_SECRET = env_secret("LEGACY_WEBHOOK_SECRET")
SIMULATOR_ENABLED = env_bool("SIMULATOR_ENABLED")
SLACK_WEBHOOK_URL = env_address("SLACK_WEBHOOK_URL")

# What one person may have a model do in a day (Africa/Kigali's); staff, station staff
# and support ten times as much. 0: no limit.
PERSON_DAILY_TURNS = env_int("PERSON_DAILY_TURNS", 150)
PERSON_DAILY_TOKENS = env_int("PERSON_DAILY_TOKENS", 500_000)
PERSON_DAILY_COST_USD = env_float("PERSON_DAILY_COST_USD", 2.0, least=0, most=10_000)
# What one conversation may cost; then a person of ours goes on. 0: no limit.
CONVERSATION_COST_USD = env_float("CONVERSATION_COST_USD", 1.0, least=0, most=1_000)
# What everybody together may in an hour; then the offline model answers.
HOURLY_TOKENS = env_int("HOURLY_TOKENS", 50_000_000)
HOURLY_COST_USD = env_float("HOURLY_COST_USD", 50.0, least=0, most=100_000)

# Only ever off: true or nothing leaves it to the database.
FEATURES_FORCED_OFF = frozenset(
    name
    for name in (
        "FEATURE_AGENT_CHAT",
        "FEATURE_AGENT_VOICE",
        "FEATURE_AGENT_VOUCHERS",
        "FEATURE_AGENT_CUSTOMER_LOOKUP",
    )
    if not env_bool(name, default=True)
)

# Major units; a day is Africa/Kigali's.
VOUCHER_MAX = env_int("VOUCHER_MAX", 50_000, least=1, most=1_000_000)
VOUCHER_ISSUER_DAILY = env_int("VOUCHER_ISSUER_DAILY", 500_000)
VOUCHER_CUSTOMER_DAILY = env_int("VOUCHER_CUSTOMER_DAILY", 100_000)
VOUCHER_CONFIRM_ABOVE = env_int("VOUCHER_CONFIRM_ABOVE", 10_000)
VOUCHER_APPROVE_ABOVE = env_int("VOUCHER_APPROVE_ABOVE", 20_000)
VOUCHER_VALID_DAYS = env_int("VOUCHER_VALID_DAYS", 90, least=1, most=3_650)
VOUCHER_CURRENCIES = env_list("VOUCHER_CURRENCIES", ("RWF",))
if any(not (c.isascii() and c.isupper() and len(c) == 3) for c in VOUCHER_CURRENCIES):
    raise SettingError("VOUCHER_CURRENCIES must be ISO 4217 codes like RWF,USD.")

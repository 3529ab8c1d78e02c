"""Providers, limits, and what the pre-flight checks and the evaluator use."""

from __future__ import annotations

from easymo.settings.base import DEMONSTRATION, DEMONSTRATION_SECRETS, VAR
from easymo.settings.environment import (
    SettingError,
    env_address,
    env_bool,
    env_float,
    env_int,
    env_secret,
    env_str,
    env_url,
)

OPENAI_API_KEY = env_secret("OPENAI_API_KEY")
OPENAI_BASE_URL = env_url("OPENAI_BASE_URL", "https://api.openai.com/v1")
OPENAI_RESPONSES_MODEL = env_str("OPENAI_RESPONSES_MODEL", "gpt-5-mini")
OPENAI_TRANSCRIPTION_MODEL = env_str("OPENAI_TRANSCRIPTION_MODEL", "gpt-transcribe")
OPENAI_TIMEOUT_S = env_float("OPENAI_TIMEOUT_S", 20.0, least=1, most=300)

WA_PHONE_ID = env_str("WA_PHONE_ID", "sandbox" if DEMONSTRATION else "")
WA_TOKEN = env_secret("WA_TOKEN")
# Below Meta's limit of the number, which counts both directions: 80, or 1,000.
WA_MESSAGES_A_SECOND = env_int("WA_MESSAGES_A_SECOND", 60, least=1, most=1_000)
# Several secrets while they rotate: each of them is accepted.
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
# Owners get their code as a QR image with the text below it, instead of text alone.
WA_CODE_IMAGE = env_bool("WA_CODE_IMAGE")
WA_TEMPLATE_VOUCHER_ISSUED = env_str("WA_TEMPLATE_VOUCHER_ISSUED")
WA_TEMPLATE_VOUCHER_REDEEMED = env_str("WA_TEMPLATE_VOUCHER_REDEEMED")
WA_TEMPLATE_VOUCHER_REVERSED = env_str("WA_TEMPLATE_VOUCHER_REVERSED")
WA_TEMPLATE_VOUCHER_VOIDED = env_str("WA_TEMPLATE_VOUCHER_VOIDED")
WA_TEMPLATE_VOUCHER_EXTENDED = env_str("WA_TEMPLATE_VOUCHER_EXTENDED")
WA_TEMPLATE_EXPIRY_REMINDER = env_str("WA_TEMPLATE_EXPIRY_REMINDER")
WA_TEMPLATE_STATION_NOTICE = env_str("WA_TEMPLATE_STATION_NOTICE")
WA_TEMPLATE_SIGN_IN_CODE = env_str("WA_TEMPLATE_SIGN_IN_CODE")
WA_TEMPLATE_ANNOUNCEMENT = env_str("WA_TEMPLATE_ANNOUNCEMENT")
WA_TEMPLATE_PIN_LINK = env_str("WA_TEMPLATE_PIN_LINK")
# Where messages go that the agent may not handle; the address may hold a secret.
LEGACY_WEBHOOK_URL = env_address("LEGACY_WEBHOOK_URL")
LEGACY_WEBHOOK_SECRET = env_secret("LEGACY_WEBHOOK_SECRET")
SIMULATOR_ENABLED = env_bool("SIMULATOR_ENABLED")
SLACK_WEBHOOK_URL = env_address("SLACK_WEBHOOK_URL")

# A setting can only force a feature off; otherwise the database decides.
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

# The name of this build; default: version and fingerprint of its files.
RELEASE = env_str("RELEASE")
if RELEASE and not (RELEASE.isascii() and RELEASE.isprintable() and len(RELEASE) <= 80):
    raise SettingError("RELEASE must be at most 80 visible ASCII characters.")
# The record that `make check` writes.
CHECK_RECORD = env_str("CHECK_RECORD", str(VAR / "checked.json"))
# The address for the probe; default: a copy of the site inside the worker.
PROBE_URL = env_url("PROBE_URL")

# Used by `preflight --live` only.
SUPABASE_URL = env_url("SUPABASE_URL")
SUPABASE_ANON_KEY = env_secret("SUPABASE_ANON_KEY")
SUPABASE_SERVICE_ROLE_KEY = env_secret("SUPABASE_SERVICE_ROLE_KEY")

# Expected volume and cost. The evaluator measures cost, spending and silence against
# them, and spreads its false-rollback budget over this volume.
EXPECTED_CHATS_PER_HOUR = env_float(
    "EXPECTED_CHATS_PER_HOUR", 20.0, least=0.01, most=1_000_000
)
EXPECTED_CALLS_PER_HOUR = env_float(
    "EXPECTED_CALLS_PER_HOUR", 5.0, least=0.01, most=1_000_000
)
# US dollars. A minute of speech costs many times a minute of chat.
EXPECTED_COST_CHAT_USD = env_float(
    "EXPECTED_COST_CHAT_USD", 0.10, least=0.0001, most=1_000
)
EXPECTED_COST_CALL_USD = env_float(
    "EXPECTED_COST_CALL_USD", 0.50, least=0.0001, most=1_000
)
# Above this, all features are turned off. 0: two and a half times the expected cost.
DAILY_COST_USD = env_float("DAILY_COST_USD", 0.0, least=0, most=1_000_000)
# The expectations that this deployment has not set.
PLANNED_BY_DEFAULT = tuple(
    name
    for name in (
        "EXPECTED_CHATS_PER_HOUR",
        "EXPECTED_CALLS_PER_HOUR",
        "EXPECTED_COST_CHAT_USD",
        "EXPECTED_COST_CALL_USD",
        "DAILY_COST_USD",
    )
    if not env_str(name)
)

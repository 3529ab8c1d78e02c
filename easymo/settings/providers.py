from __future__ import annotations

from easymo.settings.base import env

OPENAI_API_KEY = env.str("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", "") or "https://api.openai.com/v1"
OPENAI_RESPONSES_MODEL = env.str("OPENAI_RESPONSES_MODEL", "gpt-5-mini")
OPENAI_TIMEOUT_S = env.float("OPENAI_TIMEOUT_S", 20.0)
WA_PHONE_ID = env.str("WA_PHONE_ID", "")
WA_TOKEN = env.str("WA_TOKEN", "")
WA_APP_SECRETS: list[str] = [s for s in env.str("WA_APP_SECRET", "").split(",") if s]
WA_VERIFY_TOKEN = env.str("WA_VERIFY_TOKEN", "")
WHATSAPP_API_URL = env.str("WHATSAPP_API_URL", "https://graph.facebook.com/v26.0")
WA_TEMPLATE_VOUCHER_ISSUED = env.str("WA_TEMPLATE_VOUCHER_ISSUED", "")
WA_TEMPLATE_STATION_NOTICE = env.str("WA_TEMPLATE_STATION_NOTICE", "")
FEATURES_FORCED_OFF: frozenset[str] = frozenset()
SIMULATOR_ENABLED = env.bool("SIMULATOR_ENABLED", False)
DEMONSTRATION = False
VOUCHER_MAX = env.int("VOUCHER_MAX", 50_000)
VOUCHER_ISSUER_DAILY = env.int("VOUCHER_ISSUER_DAILY", 500_000)
VOUCHER_CUSTOMER_DAILY = env.int("VOUCHER_CUSTOMER_DAILY", 100_000)
VOUCHER_CONFIRM_ABOVE = env.int("VOUCHER_CONFIRM_ABOVE", 10_000)
VOUCHER_APPROVE_ABOVE = env.int("VOUCHER_APPROVE_ABOVE", 20_000)
VOUCHER_VALID_DAYS = env.int("VOUCHER_VALID_DAYS", 90)
VOUCHER_CURRENCIES = env.list("VOUCHER_CURRENCIES", default=["RWF"])

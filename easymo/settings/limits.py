"""Limits of vouchers, and of what models may cost."""

from __future__ import annotations

from easymo.settings.environment import (
    SettingError,
    env_bool,
    env_float,
    env_int,
    env_list,
)

# Model usage of one person per day (Africa/Kigali). Staff, station staff and support
# get ten times as much. 0: no limit.
PERSON_DAILY_TURNS = env_int("PERSON_DAILY_TURNS", 150)
PERSON_DAILY_TOKENS = env_int("PERSON_DAILY_TOKENS", 500_000)
PERSON_DAILY_COST_USD = env_float("PERSON_DAILY_COST_USD", 2.0, least=0, most=10_000)
# Cost limit of one conversation; then it is handed to a colleague. 0: no limit.
CONVERSATION_COST_USD = env_float("CONVERSATION_COST_USD", 1.0, least=0, most=1_000)
# Hourly limit for all people together; above it the offline model answers.
HOURLY_TOKENS = env_int("HOURLY_TOKENS", 50_000_000)
HOURLY_COST_USD = env_float("HOURLY_COST_USD", 50.0, least=0, most=100_000)

# How long the rows of messages, turns and tool calls are kept. Their texts are blanked
# after 90 days; ids that refuse repeats are kept twice as long.
MESSAGE_ROWS_DAYS = env_int("MESSAGE_ROWS_DAYS", 400, least=120, most=3_650)

# Major units; a day is a day in Africa/Kigali.
VOUCHER_MAX = env_int("VOUCHER_MAX", 50_000, least=1, most=1_000_000)
VOUCHER_ISSUER_DAILY = env_int("VOUCHER_ISSUER_DAILY", 500_000)
VOUCHER_CUSTOMER_DAILY = env_int("VOUCHER_CUSTOMER_DAILY", 100_000)
VOUCHER_CONFIRM_ABOVE = env_int("VOUCHER_CONFIRM_ABOVE", 10_000)
VOUCHER_APPROVE_ABOVE = env_int("VOUCHER_APPROVE_ABOVE", 20_000)
# Approvals above this amount ask the approver to confirm who they are.
VOUCHER_REAUTHENTICATE_ABOVE = env_int("VOUCHER_REAUTHENTICATE_ABOVE", 30_000)
# A request that is not decided by then is ended.
VOUCHER_APPROVAL_HOURS = env_int("VOUCHER_APPROVAL_HOURS", 24, least=1, most=720)
VOUCHER_VALID_DAYS = env_int("VOUCHER_VALID_DAYS", 90, least=1, most=3_650)
# How much later than the day it was issued with a voucher's last day may become.
VOUCHER_EXTEND_DAYS = env_int("VOUCHER_EXTEND_DAYS", 90, least=0, most=3_650)
# Remind owners seven days and one day before the end.
VOUCHER_REMINDERS = env_bool("VOUCHER_REMINDERS")
VOUCHER_CURRENCIES = env_list("VOUCHER_CURRENCIES", ("RWF",))
if any(not (c.isascii() and c.isupper() and len(c) == 3) for c in VOUCHER_CURRENCIES):
    raise SettingError("VOUCHER_CURRENCIES must be ISO 4217 codes like RWF,USD.")

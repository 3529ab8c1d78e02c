from __future__ import annotations

from easymo.settings.environment import env_float, env_str

# What is planned. The evaluator measures cost, spending and silence against it, and
# shares its budget of false alarms over so many conversations.
EXPECTED_CHATS_PER_HOUR = env_float(
    "EXPECTED_CHATS_PER_HOUR", 20.0, least=0.01, most=1_000_000
)
EXPECTED_CALLS_PER_HOUR = env_float(
    "EXPECTED_CALLS_PER_HOUR", 5.0, least=0.01, most=1_000_000
)
# US dollars. A spoken minute costs many times what a written one does.
EXPECTED_COST_CHAT_USD = env_float(
    "EXPECTED_COST_CHAT_USD", 0.10, least=0.0001, most=1_000
)
EXPECTED_COST_CALL_USD = env_float(
    "EXPECTED_COST_CALL_USD", 0.50, least=0.0001, most=1_000
)
# Everything is turned off beyond it. 0: two and a half times what is planned.
DAILY_COST_USD = env_float("DAILY_COST_USD", 0.0, least=0, most=1_000_000)
# What of it nobody has said for this deployment.
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

"""What is planned, from the settings."""

from __future__ import annotations

from django.conf import settings

from rollout.policy.guardrails import Expected, Policy


def policy() -> Policy:
    """Return the policy in force."""
    return Policy(
        expected={
            "chat": Expected(
                settings.EXPECTED_CHATS_PER_HOUR, settings.EXPECTED_COST_CHAT_USD
            ),
            "voice": Expected(
                settings.EXPECTED_CALLS_PER_HOUR, settings.EXPECTED_COST_CALL_USD
            ),
        },
        spend_a_day=settings.DAILY_COST_USD or None,
    )

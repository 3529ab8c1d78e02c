"""Django system checks of the settings of WhatsApp, forwarding and the model."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004

# What owners learn about their vouchers more than 24 hours after their last message.
OWNER_TEMPLATES = (
    "WA_TEMPLATE_VOUCHER_ISSUED",
    "WA_TEMPLATE_VOUCHER_REDEEMED",
    "WA_TEMPLATE_VOUCHER_REVERSED",
    "WA_TEMPLATE_VOUCHER_VOIDED",
    "WA_TEMPLATE_VOUCHER_EXTENDED",
)
TEMPLATES = (
    *OWNER_TEMPLATES,
    "WA_TEMPLATE_EXPIRY_REMINDER",
    "WA_TEMPLATE_STATION_NOTICE",
    "WA_TEMPLATE_SIGN_IN_CODE",
    "WA_TEMPLATE_ANNOUNCEMENT",
    "WA_TEMPLATE_PIN_LINK",
)
TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
OWN_PATH = "/functions/v1/ai-whatsapp-webhook"


@register("agents")
def whatsapp_is_complete(**_: Any) -> list[CheckMessage]:
    """Report missing WhatsApp settings."""
    if settings.DEMONSTRATION:
        return []
    found: list[CheckMessage] = []
    if not settings.WA_APP_SECRETS:
        found.append(
            Warning(
                "WA_APP_SECRET is not set: every WhatsApp webhook is refused.",
                hint="It is the app secret of the Meta app that sends the webhooks.",
                id="agents.W001",
            )
        )
    if not settings.WA_VERIFY_TOKEN:
        found.append(
            Warning(
                "WA_VERIFY_TOKEN is not set: Meta cannot confirm the webhook.",
                hint="Choose a word, and enter it at Meta with the webhook's URL.",
                id="agents.W002",
            )
        )
    if settings.WA_TOKEN and not settings.WA_PHONE_ID:
        found.append(
            Error(
                "WA_TOKEN is set and WA_PHONE_ID is not: no message can be sent.",
                hint="It is the id of the phone number, in the WhatsApp manager.",
                id="agents.E001",
            )
        )
    if not settings.WA_TOKEN:
        found.append(
            Warning(
                "WA_TOKEN is not set: replies stay in the simulator.",
                hint="Create a token of a system user of the Meta app.",
                id="agents.W003",
            )
        )
    return found


@register("agents")
def forwarding_is_sound(**_: Any) -> list[CheckMessage]:
    """Report wrong settings of the previous workflow."""
    if not settings.LEGACY_WEBHOOK_URL:
        return []
    found: list[CheckMessage] = []
    if not settings.LEGACY_WEBHOOK_SECRET:
        found.append(
            Warning(
                "LEGACY_WEBHOOK_SECRET is not set: forwarded messages are signed with"
                " the last of WA_APP_SECRET.",
                hint="Give the previous workflow a secret of its own.",
                id="agents.W005",
            )
        )
    where = urlsplit(settings.LEGACY_WEBHOOK_URL)
    hosts = [host.lstrip(".") for host in settings.ALLOWED_HOSTS]
    if where.path.rstrip("/").endswith(OWN_PATH) and where.hostname in hosts:
        found.append(
            Error(
                "LEGACY_WEBHOOK_URL is this deployment's own webhook.",
                hint="It is the webhook for messages that the agent does not handle.",
                id="agents.E002",
            )
        )
    return found


@register("agents")
def model_is_set_up(**_: Any) -> list[CheckMessage]:
    """Report a missing OpenAI key."""
    if settings.DEMONSTRATION or settings.OPENAI_API_KEY:
        return []
    return [
        Warning(
            "OPENAI_API_KEY is not set: the offline model answers.",
            hint="It understands the commands and their everyday variants only.",
            id="agents.W004",
        )
    ]


@register("agents")
def templates_are_named(**_: Any) -> list[CheckMessage]:
    """Report template names that Meta does not allow."""
    return [
        Error(
            f"{name} is not a template name.",
            hint="Lower case letters, digits and underscores, as Meta lists it.",
            id="agents.E003",
        )
        for name in TEMPLATES
        if (given := getattr(settings, name)) and not TEMPLATE_NAME.fullmatch(given)
    ]

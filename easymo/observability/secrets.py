"""Remove the secrets that this process holds from any output."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.signals import setting_changed

if TYPE_CHECKING:
    from collections.abc import Iterator

# Shorter secrets would match words of everyday text.
SHORTEST = 10
_NAMES = (
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "EASYMO_KEYS",
    "OPENAI_API_KEY",
    "OPENAI_WEBHOOK_SECRETS",
    "WA_TOKEN",
    "WA_APP_SECRETS",
    "WA_VERIFY_TOKEN",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "SLACK_WEBHOOK_URL",
    "EMAIL_URL",
    "AGENT_CORE_INTERNAL_TOKEN",
    "LEGACY_WEBHOOK_SECRET",
    "SIP_TRUNK_PASSWORD",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
)


def mask_secrets(text: str) -> str:
    """Replace every secret of the settings in a text."""
    pattern = _pattern()
    return pattern.sub("[secret]", text) if pattern else text


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str] | None:
    if not settings.configured:
        return None
    found = sorted({text for text in _secrets() if len(text) >= SHORTEST}, key=len)
    return re.compile("|".join(map(re.escape, reversed(found)))) if found else None


def _secrets() -> Iterator[str]:
    for name in _NAMES:
        yield from _texts(getattr(settings, name, None))
    for database in settings.DATABASES.values():
        yield str(database.get("PASSWORD") or "")
    for mailer in getattr(settings, "MAILERS", {}).values():
        yield str(mailer.get("OPTIONS", {}).get("password") or "")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield base64.b64encode(value).decode()
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _forget(**_: object) -> None:
    _pattern.cache_clear()


setting_changed.connect(_forget, dispatch_uid="easymo.observability.secrets")

"""The function API: its framework, its schema, and the earlier system's token."""

from __future__ import annotations

from easymo.settings.environment import (
    SettingError,
    env_bool,
    env_list,
    env_secret,
    env_str,
)

SCOPES = ("lookup", "create", "redeem", "void")
SHORTEST_TOKEN = 32

AGENT_CORE_INTERNAL_TOKEN = env_secret("AGENT_CORE_INTERNAL_TOKEN")
if AGENT_CORE_INTERNAL_TOKEN and (
    len(AGENT_CORE_INTERNAL_TOKEN) < SHORTEST_TOKEN
    or not AGENT_CORE_INTERNAL_TOKEN.isascii()
    or not AGENT_CORE_INTERNAL_TOKEN.isprintable()
    or " " in AGENT_CORE_INTERNAL_TOKEN
):
    raise SettingError(
        f"AGENT_CORE_INTERNAL_TOKEN must have at least {SHORTEST_TOKEN} visible ASCII "
        "characters."
    )
AGENT_CORE_INTERNAL_SCOPES = env_list("AGENT_CORE_INTERNAL_SCOPES", ("lookup",))
if set(AGENT_CORE_INTERNAL_SCOPES) - set(SCOPES):
    raise SettingError(f"AGENT_CORE_INTERNAL_SCOPES must be of {', '.join(SCOPES)}.")
AGENT_CORE_INTERNAL_STATION = env_str("AGENT_CORE_INTERNAL_STATION").upper()

# Behind a proxy that sets X-Forwarded-For, its last entry is who called.
BEHIND_PROXY = env_bool("BEHIND_PROXY")
OPENAI_WEBHOOK_SECRET = env_secret("OPENAI_WEBHOOK_SECRET")

REST_FRAMEWORK = {
    # Every view says what it takes; nothing is open by default.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": 1 if BEHIND_PROXY else 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "easymo functions",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "DESCRIPTION": (
        "Look customers up; issue, redeem and void their fuel vouchers. Every answer "
        "is JSON, and every refusal has a sentence, a code and the correlation id."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "PREPROCESSING_HOOKS": ["agents.api.schema.only_functions"],
    "POSTPROCESSING_HOOKS": ["agents.api.schema.finish"],
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
}

"""Sign-in to the back office by an identity provider (OpenID Connect); optional."""

from __future__ import annotations

import re

from easymo.settings.environment import (
    SettingError,
    env_bool,
    env_choice,
    env_list,
    env_secret,
    env_str,
    env_url,
)

_LOCAL = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/|$)")
_ROLES = ("viewer", "support", "operator")


def _endpoint(name: str) -> str:
    address = env_url(name)
    if address.startswith("http:") and not _LOCAL.match(address):
        raise SettingError(f"{name} must begin with https://.")
    return address


def _roles(entries: list[str]) -> dict[str, str]:
    """Return the role for each group of the provider."""
    found: dict[str, str] = {}
    for entry in entries:
        group, _, role = entry.rpartition(":")
        if not group or role not in _ROLES or group in found:
            raise SettingError(
                "OIDC_ROLES must name each group once, with a role of "
                f"{', '.join(_ROLES)}: staff:viewer,helpdesk:support."
            )
        found[group] = role
    return found


# Compared with the ID token exactly; some providers end it with a slash.
OIDC_ISSUER = env_str("OIDC_ISSUER").strip()
OIDC_OP_AUTHORIZATION_ENDPOINT = _endpoint("OIDC_AUTHORIZATION_URL")
OIDC_OP_TOKEN_ENDPOINT = _endpoint("OIDC_TOKEN_URL")
OIDC_OP_JWKS_ENDPOINT = _endpoint("OIDC_JWKS_URL")
OIDC_RP_CLIENT_ID = env_str("OIDC_CLIENT_ID")
OIDC_RP_CLIENT_SECRET = env_secret("OIDC_CLIENT_SECRET")
OIDC_GROUPS_CLAIM = env_str("OIDC_GROUPS_CLAIM", "groups")
OIDC_ROLES = _roles(env_list("OIDC_ROLES"))
OIDC_RP_SCOPES = env_str("OIDC_SCOPES", "openid profile")
OIDC_RP_SIGN_ALGO = env_choice(
    "OIDC_SIGNATURE", "RS256", ("RS256", "RS512", "PS256", "ES256", "ES384")
)

_needed = {
    "OIDC_ISSUER": OIDC_ISSUER,
    "OIDC_AUTHORIZATION_URL": OIDC_OP_AUTHORIZATION_ENDPOINT,
    "OIDC_TOKEN_URL": OIDC_OP_TOKEN_ENDPOINT,
    "OIDC_JWKS_URL": OIDC_OP_JWKS_ENDPOINT,
    "OIDC_CLIENT_ID": OIDC_RP_CLIENT_ID,
    "OIDC_CLIENT_SECRET": OIDC_RP_CLIENT_SECRET,
    "OIDC_ROLES": OIDC_ROLES,
}
OIDC_ENABLED = bool(OIDC_ISSUER)
_missing = [name for name, value in _needed.items() if not value]
if OIDC_ENABLED and _missing:
    raise SettingError(f"Sign-in by OIDC_ISSUER needs {', '.join(_missing)}.")
if not OIDC_ENABLED and len(_missing) < len(_needed):
    raise SettingError("Settings OIDC_… are set, and OIDC_ISSUER is not.")

PASSWORD_SIGN_IN = env_bool("PASSWORD_SIGN_IN", default=True)
if not PASSWORD_SIGN_IN and not OIDC_ENABLED:
    raise SettingError(
        "PASSWORD_SIGN_IN=false needs OIDC_ISSUER: no one could sign in."
    )

# Read by mozilla-django-oidc. The claims come from the signed ID token only.
OIDC_OP_USER_ENDPOINT = ""
OIDC_AUTHENTICATION_CALLBACK_URL = "oidc-callback"
OIDC_USE_PKCE = True
OIDC_USE_NONCE = True
OIDC_TIMEOUT = 10
OIDC_MAX_STATES = 10
LOGIN_REDIRECT_URL = "admin:index"

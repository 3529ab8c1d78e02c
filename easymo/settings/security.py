"""Security, sign-in, and the framework settings of the function API."""

from __future__ import annotations

from datetime import timedelta

from django.utils.csp import CSP

from easymo.settings.base import ALLOWED_HOSTS, DEBUG, DEMONSTRATION
from easymo.settings.database import PORT
from easymo.settings.environment import (
    SettingError,
    env_bool,
    env_list,
    env_secret,
    env_str,
    env_url,
)
from easymo.settings.oidc import OIDC_ENABLED, PASSWORD_SIGN_IN

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

# Behind a proxy that sets X-Forwarded-For, its last entry is the caller.
BEHIND_PROXY = env_bool("BEHIND_PROXY")

REST_FRAMEWORK = {
    # Each view states its own classes; the defaults allow nothing.
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


def _own_address() -> str:
    """Return the first public host, or this machine."""
    own = {"localhost", "127.0.0.1", "[::1]", "testserver"}
    public = [host.lstrip(".") for host in ALLOWED_HOSTS if host not in own | {"*"}]
    return f"https://{public[0]}" if public else f"http://localhost:{PORT}"


HTTPS_ONLY = env_bool("HTTPS_ONLY")
if HTTPS_ONLY and DEBUG:
    raise SettingError(
        "DEBUG shows every setting to every visitor; it cannot be used with HTTPS_ONLY."
    )
SECURE_SSL_REDIRECT = HTTPS_ONLY
# Probes use plain HTTP inside the private network.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz(/workers)?$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
# Only behind a proxy that sets this header and drops the caller's; see the README.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Links that are sent to people begin with it.
SITE_ADDRESS = env_url("SITE_ADDRESS", _own_address())

SESSION_COOKIE_SECURE = not DEMONSTRATION
CSRF_COOKIE_SECURE = not DEMONSTRATION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
# Two products on localhost must not overwrite each other's cookies.
SESSION_COOKIE_NAME = "easymo_session"
CSRF_COOKIE_NAME = "easymo_csrf"

_STRICT: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "manifest-src": [CSP.SELF],
}
SECURE_CSP = _STRICT
# For /admin/ only: Unfold's Alpine evaluates expressions and sets inline styles.
ADMIN_CSP: dict[str, list[str]] = {
    **_STRICT,
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL, CSP.UNSAFE_INLINE],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
}

PASSWORD_HASHERS = [
    "easymo.backoffice.hashing.BoundedArgon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in (
            "UserAttributeSimilarityValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        )
    ),
]
AUTHENTICATION_BACKENDS = [
    *["easymo.backoffice.sign_in.SignInBackend"] * PASSWORD_SIGN_IN,
    *["easymo.backoffice.oidc.OidcBackend"] * OIDC_ENABLED,
]
# axes records who tried to sign in; `easymo.backoffice.sign_in` has the limits.
AXES_LOCK_OUT_AT_FAILURE = False
# An attempt that a limit refused is not recorded.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "easymo.addresses.address_of"
# Its log lines contain names and addresses; the admin shows the same rows.
AXES_VERBOSE = False

# Users who may change something need an authenticator app besides the password. Turn it
# off only where all of them sign in by an identity provider that asks for one.
SECOND_FACTOR_REQUIRED = env_bool("SECOND_FACTOR_REQUIRED", default=not DEMONSTRATION)
# The link in an e-mail for a new password.
PASSWORD_RESET_TIMEOUT = int(timedelta(minutes=30).total_seconds())

LOGIN_URL = "admin:login"
# A webhook body is at most 3.5 MB; the view answers 413 above that.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

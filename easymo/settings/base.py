from __future__ import annotations

from easymo import paths
from easymo.settings.demonstration import demonstration_secrets
from easymo.settings.environment import (
    SettingError,
    env_bool,
    env_list,
    env_secret,
    parse_keys,
)

BASE_DIR = paths.BASE_DIR
VAR = paths.VAR

# Without a database of its own the product shows itself: development database,
# demo people, secrets of its own making. Never the case where DATABASE_URL is set.
DEMONSTRATION = not env_secret("DATABASE_URL")
DEMONSTRATION_SECRETS = demonstration_secrets(VAR) if DEMONSTRATION else {}

SECRET_KEY = env_secret("SECRET_KEY") or DEMONSTRATION_SECRETS.get("SECRET_KEY", "")
if not SECRET_KEY:
    raise SettingError(
        "SECRET_KEY is not set. DATABASE_URL is, so this is no demonstration: "
        "`openssl rand -base64 48` makes one."
    )
EASYMO_KEYS = parse_keys(
    env_secret("EASYMO_KEYS") or DEMONSTRATION_SECRETS.get("EASYMO_KEYS", "")
)
if not EASYMO_KEYS:
    raise SettingError(
        "EASYMO_KEYS is not set. DATABASE_URL is, so this is no demonstration: "
        "`echo k1:$(openssl rand -base64 32)` makes one. Keep a copy: without it the "
        "voucher codes are lost."
    )
DEBUG = env_bool("DEBUG")
# Whoever signs in without having been sent there wants the back office.
LOGIN_REDIRECT_URL = "admin:index"
ROOT_URLCONF = "easymo.urls"
WSGI_APPLICATION = "easymo.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "Africa/Kigali"
USE_TZ = True
USE_I18N = True
# British spelling; a 24-hour clock, as in Rwanda.
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = "easymo.formats"
STATIC_URL = "static/"
# Nothing is collected: whitenoise serves from the apps.
STATIC_ROOT = None

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
if any("://" not in origin for origin in CSRF_TRUSTED_ORIGINS):
    raise SettingError("CSRF_TRUSTED_ORIGINS must hold addresses like https://host.")

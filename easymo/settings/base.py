from __future__ import annotations

import base64
from pathlib import Path

import environ

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parents[2]

SECRET_KEY = env.str("SECRET_KEY", "development-only")
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
EASYMO_KEYS: dict[str, bytes] = {
    key_id: base64.b64decode(key)
    for key_id, _, key in (
        item.partition(":")
        for item in env.list(
            "EASYMO_KEYS", default=["d1:" + base64.b64encode(b"k" * 32).decode()]
        )
    )
}
ROOT_URLCONF = "easymo.urls"
WSGI_APPLICATION = "easymo.wsgi.application"
TIME_ZONE = "Africa/Kigali"
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"

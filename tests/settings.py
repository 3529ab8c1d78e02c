"""Settings of the test suite: the product's own settings with invented values."""

from __future__ import annotations

import base64
import os
import re
from urllib.parse import quote

from easymo.paths import BASE_DIR, VAR, socket_folder

# The suite has a server of its own, so that it can run while `make run` is up.
TEST_CLUSTER_HOME = VAR / "postgres-test"
OWN_SERVER = (
    f"postgresql://easymo@/postgres?host={quote(str(socket_folder(TEST_CLUSTER_HOME)))}"
)

if "EASYMO_TESTING" not in os.environ:
    # What a developer's shell or .env says must not reach the tests; what a test
    # gives to a process that it starts must.
    given = os.environ.get("DATABASE_URL", "").strip()
    example = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
    for name in re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE):
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ |= {
        "EASYMO_TESTING": "1",
        "EASYMO_ENV_FILE": os.devnull,
        "DATABASE_URL": given or OWN_SERVER,
        "SECRET_KEY": "a secret key for tests only",
        # The tests of the second factor turn it on.
        "SECOND_FACTOR_REQUIRED": "false",
        "EASYMO_KEYS": "t1:" + base64.b64encode(b"k" * 32).decode(),
    }

from easymo.settings import *  # noqa: E402, F403
from easymo.settings.database import DATABASES  # noqa: E402

USES_OWN_SERVER = os.environ["DATABASE_URL"] == OWN_SERVER
# Tests move between databases; a pool would keep connections to the last one.
DATABASES["default"]["OPTIONS"].pop("pool", None)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
# Argon2 is slow on purpose, and tests sign in often.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The test client speaks plain HTTP.
SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False

# The suite is no serving process, also where it imports one.
LEAKS_WATCHED = False
# Features are asked inside the test's own transaction.
ROLLOUT_REFRESH = "inline"

from __future__ import annotations

from easymo.settings.base import env

DATABASES = {
    "default": env.db_url(
        "DATABASE_URL", default="postgresql://easymo@127.0.0.1:5418/easymo"
    )
}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASE_SCHEMA = env.str("DATABASE_SCHEMA", "easymo")
DATABASE_OWNER = None
DATABASE_RUNTIME_ROLE = DATABASES["default"]["USER"]
# Tables that the runtime role may only add to, where it is not their owner.
DATABASE_APPEND_ONLY: tuple[str, ...] = ()
DATABASE_THREADS = env.int("DATABASE_THREADS", 8)

from __future__ import annotations

from easymo.settings.base import DEMONSTRATION
from easymo.settings.database import DATABASE_LISTEN
from easymo.settings.environment import env_int, env_str

PORT = env_int("PORT", 8000, least=1, most=65_535)
# A demonstration's login is printed on the screen: it is for this machine only.
HOST = env_str("HOST", "127.0.0.1" if DEMONSTRATION else "0.0.0.0")  # noqa: S104
WEB_WORKERS = env_int("WEB_WORKERS", 1, least=1, most=64)

# Conversations that one worker holds open while a model takes its time: they wait,
# and hold neither a thread nor a connection.
WORKER_CONCURRENCY = env_int("WORKER_CONCURRENCY", 250, least=1, most=5_000)
PROCRASTINATE_WORKER_DEFAULTS = {
    "concurrency": WORKER_CONCURRENCY,
    "listen_notify": DATABASE_LISTEN is not None,
    # With LISTEN, polling only picks up what a lost connection made us miss.
    "fetch_job_polling_interval": 0.2 if DATABASE_LISTEN is None else 2.0,
    "abort_job_polling_interval": 2.0,
    # Under the five seconds that a process manager waits before it kills.
    "shutdown_graceful_timeout": 4.0,
    "update_heartbeat_interval": 5.0,
    "stalled_worker_timeout": 30.0,
    # Our rows remember; the queue only wakes.
    "delete_jobs": "successful",
}

from __future__ import annotations

from typing import Any

from easymo.settings.base import DEMONSTRATION
from easymo.settings.environment import (
    env_bool,
    env_choice,
    env_dsn,
    env_secret,
    env_str,
    env_url,
)
from easymo.settings.providers import SIMULATOR_ENABLED

LOG_LEVEL = env_choice(
    "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
# The simulator shows the log lines of a message: they are stored for a day.
LOG_LINES_KEPT = DEMONSTRATION or SIMULATOR_ENABLED
# Serving processes scan their standard streams and record leaks.
LEAKS_WATCHED = True
SENTRY_DSN = env_dsn("SENTRY_DSN")
ENABLE_OTEL_TRACING = env_bool("ENABLE_OTEL_TRACING")
OTEL_EXPORTER_OTLP_ENDPOINT = env_url("OTEL_EXPORTER_OTLP_ENDPOINT")
OTEL_SERVICE_NAME = env_str("OTEL_SERVICE_NAME", "easymo")
METRICS_TOKEN = env_secret("METRICS_TOKEN")
LOGGING_CONFIG = "easymo.observability.logs.configure"

# Never below WARNING: these loggers would write requests, SQL and its values.
_QUIET = (
    "asyncio",
    "django.db.backends",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "openai",
    "websockets",
    "opentelemetry",
    "procrastinate.blueprints",
    "psycopg",
    "sentry_sdk",
    "urllib3",
)
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "easymo.observability.logs.JsonLines"}},
    "handlers": {
        "stdout": {
            "()": "easymo.observability.logs.StandardOutput",
            "formatter": "json",
        },
        "kept": {"()": "easymo.observability.lines.KeptLines"},
    },
    "root": {"handlers": ["stdout", "kept"], "level": LOG_LEVEL},
    "loggers": {
        # These loggers bring handlers of their own, which would bypass the masking.
        **{
            name: {"handlers": [], "propagate": True, "level": "INFO"}
            for name in (
                "_granian",
                "django",
                "django.server",
                "granian.access",
            )
        },
        # It writes three lines per job; our own events say more.
        "procrastinate": {"handlers": [], "propagate": True, "level": "WARNING"},
        **{name: {"level": "WARNING"} for name in _QUIET},
    },
}

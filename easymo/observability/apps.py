from __future__ import annotations

from django.apps import AppConfig

from easymo.observability import sentry, tracing


class ObservabilityConfig(AppConfig):
    name = "easymo.observability"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Start what the settings ask for; without them nothing starts."""
        sentry.start()
        tracing.start()

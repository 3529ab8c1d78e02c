from __future__ import annotations

from django.apps import AppConfig

from easymo.observability import sentry, tracing


class ObservabilityConfig(AppConfig):
    name = "easymo.observability"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Start what the settings ask for."""
        # Registers the metrics; their models must be loaded first.
        from easymo.observability import leak_metrics  # noqa: F401, PLC0415

        sentry.start()
        tracing.start()

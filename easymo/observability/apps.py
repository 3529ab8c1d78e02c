from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class ObservabilityConfig(AppConfig):
    name = "easymo.observability"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Start what the settings ask for."""
        # Both import large libraries: a process that sends nothing does without.
        if settings.SENTRY_DSN:
            from easymo.observability import sentry  # noqa: PLC0415

            sentry.start()
        if settings.ENABLE_OTEL_TRACING:
            from easymo.observability import span_export  # noqa: PLC0415

            span_export.start()

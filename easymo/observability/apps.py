from __future__ import annotations

from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "easymo.observability"
    default_auto_field = "django.db.models.BigAutoField"

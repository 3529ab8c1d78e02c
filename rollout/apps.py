from __future__ import annotations

from django.apps import AppConfig


class RolloutConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "rollout"
    verbose_name = "Rollout"

    def ready(self) -> None:
        # Registers the checks and the figures.
        from rollout import checks, metrics, preflight  # noqa: F401, PLC0415

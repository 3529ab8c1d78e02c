from __future__ import annotations

from django.apps import AppConfig

from easymo.observability import findings


class RolloutConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "rollout"
    verbose_name = "Rollout"

    def ready(self) -> None:
        # Registers the checks and the figures.
        from rollout import checks, metrics, preflight  # noqa: F401, PLC0415
        from rollout.services import leaks  # noqa: PLC0415

        findings.judge_with(leaks.is_known)

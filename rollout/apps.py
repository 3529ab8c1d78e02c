from __future__ import annotations

from django.apps import AppConfig

from easymo.observability import findings


class RolloutConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "rollout"
    verbose_name = "Rollout"

    def ready(self) -> None:
        # Registers the checks and the figures.
        from rollout.evidence import leaks  # noqa: PLC0415
        from rollout.operations import (  # noqa: PLC0415
            conversation_metrics,  # noqa: F401
            metrics,  # noqa: F401
            preflight,  # noqa: F401
            stage_metrics,  # noqa: F401
            system_checks,  # noqa: F401
        )
        from rollout.snapshot import watchdog  # noqa: PLC0415

        findings.judge_with(leaks.is_known)
        if page not in watchdog.on_silence:
            watchdog.on_silence.append(page)


def page(silent_s: float) -> None:
    """Tell people that nobody judges any more."""
    # The queue's app is not ready while the apps are being loaded.
    from rollout.operations import paging  # noqa: PLC0415

    paging.report_silent_evaluator(silent_s)

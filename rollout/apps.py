from __future__ import annotations

from django.apps import AppConfig

from easymo.observability import findings


class RolloutConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "rollout"
    verbose_name = "Rollout"

    def ready(self) -> None:
        from rollout.evidence import leaks  # noqa: PLC0415

        # Imported to register their checks and metrics.
        from rollout.operations import (  # noqa: PLC0415
            conversation_metrics,  # noqa: F401
            metrics,  # noqa: F401
            preflight,  # noqa: F401
            system_checks,  # noqa: F401
        )
        from rollout.snapshot import watchdog  # noqa: PLC0415

        findings.judge_with(leaks.is_known)
        if report_silent_evaluator not in watchdog.on_silence:
            watchdog.on_silence.append(report_silent_evaluator)


def report_silent_evaluator(silent_s: float) -> None:
    # The queue's app is not ready while the apps are loaded.
    from rollout.operations import paging  # noqa: PLC0415

    paging.report_silent_evaluator(silent_s)

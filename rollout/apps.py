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
        from rollout.snapshot import watchdog

        findings.judge_with(leaks.is_known)
        if page not in watchdog.on_silence:
            watchdog.on_silence.append(page)


def page(silent_s: float) -> None:
    """Tell people that nobody judges any more."""
    # The queue's app is not ready while the apps are being loaded.
    from rollout.operations import paging  # noqa: PLC0415

    paging.page(silent_s)

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig

from easymo.observability import findings


class RolloutConfig(AppConfig):
    default = True
    default_auto_field = "django.db.models.BigAutoField"
    name = "rollout"
    verbose_name = "Rollout"

    def ready(self) -> None:
        from rollout.evidence import leaks  # noqa: PLC0415

        # Imported to register its checks.
        from rollout.operations import system_checks  # noqa: F401, PLC0415
        from rollout.snapshot import watchdog  # noqa: PLC0415

        findings.register_owner_lookup(leaks.is_known)
        if report_silent_evaluator not in watchdog.on_silence:
            watchdog.on_silence.append(report_silent_evaluator)


class WaffleConfig(AppConfig):
    """django-waffle without its commands, which change flags without an audit row."""

    default_auto_field = "django.db.models.AutoField"
    name = "waffle"
    # The commands are searched below this path, which does not exist.
    path = str(Path(__file__).with_name("no_waffle_commands"))


def report_silent_evaluator(silent_s: float) -> None:
    # The queue's app is not ready while the apps are loaded.
    from rollout.operations import paging  # noqa: PLC0415

    paging.report_silent_evaluator(silent_s)

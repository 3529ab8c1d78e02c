from __future__ import annotations

from django.apps import AppConfig


class PreflightConfig(AppConfig):
    name = "easymo.preflight"
    label = "preflight"
    verbose_name = "Pre-flight"

    def ready(self) -> None:
        # Registers the check of all lines with Django's check framework.
        from easymo.preflight import registry  # noqa: F401, PLC0415

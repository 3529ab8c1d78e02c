from __future__ import annotations

from django.apps import AppConfig


class PreflightConfig(AppConfig):
    name = "easymo.preflight"
    label = "preflight"
    verbose_name = "Pre-flight"

    def ready(self) -> None:
        # Registers the lines, in the order of the guide.
        pass

from __future__ import annotations

from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    name = "easymo.database"
    label = "database"
    verbose_name = "Database"

    def ready(self) -> None:
        # Registers the checks.
        from easymo.database import checks  # noqa: F401, PLC0415

from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from easymo.database import authorship


class DatabaseConfig(AppConfig):
    name = "easymo.database"
    label = "database"
    verbose_name = "Database"

    def ready(self) -> None:
        # Registers the checks.
        from easymo.database import checks  # noqa: F401, PLC0415

        connection_created.connect(authorship.install, dispatch_uid="authorship")

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from easymo.backoffice import groups


class BackofficeConfig(AppConfig):
    name = "easymo.backoffice"
    verbose_name = "Back office"

    def ready(self) -> None:
        """Update the groups after each ``migrate``."""
        # This is the last of the installed apps, so every permission exists by then.
        post_migrate.connect(groups.sync, sender=self)

from __future__ import annotations

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "agents"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Tell the registry of metrics what to read."""
        from agents import metrics  # noqa: PLC0415 - models must be loaded first

        metrics.register_all()

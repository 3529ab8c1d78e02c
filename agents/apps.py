from __future__ import annotations

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "agents"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register the checks, and tell the registry of metrics what to read."""
        # Models must be loaded first.
        from agents import (  # noqa: PLC0415
            checks,  # noqa: F401
            evidence,
            forward_metrics,
            metrics,
            operators,
        )
        from agents.preflight import openai, whatsapp, workflow  # noqa: F401, PLC0415
        from agents.services import cancelling, told_by_us  # noqa: PLC0415
        from agents.smoke.cases import CASES  # noqa: PLC0415
        from rollout.ports import ports  # noqa: PLC0415

        metrics.register_all()
        forward_metrics.register_all()
        evidence.fill()
        operators.fill()
        cancelling.fill()
        told_by_us.fill()
        ports.smoke_cases = list(CASES)

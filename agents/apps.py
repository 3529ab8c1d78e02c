from __future__ import annotations

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "agents"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register checks, metrics and the ports of `rollout`."""
        # Models must be loaded first.
        from agents.notifications import broadcasts  # noqa: PLC0415
        from agents.operations import (  # noqa: PLC0415
            cancellation,
            metrics,
            rollout_ports,
            system_checks,  # noqa: F401
        )
        from agents.operations.preflight import (  # noqa: PLC0415
            openai,  # noqa: F401
            whatsapp,  # noqa: F401
            workflow,  # noqa: F401
        )
        from agents.smoke.cases import CASES  # noqa: PLC0415
        from rollout.core.ports import ports  # noqa: PLC0415

        metrics.register_all()
        rollout_ports.register_evidence_ports()
        rollout_ports.register_people_ports()
        cancellation.register_cancellation_port()
        broadcasts.register_broadcast_ports()
        ports.smoke_cases = list(CASES)

from __future__ import annotations

from django.apps import AppConfig

# The callables that `rollout` asks of this app: see `rollout.core.ports`.
PORTS = {
    "spend_since": "agents.outcomes.spending.since",
    "is_customer": "agents.operations.rollout_ports.is_customer",
    "value_errors_since": "agents.operations.value_checks.errors_since",
    "subject_of": "agents.operations.rollout_ports.subject_of",
    "labels": "agents.operations.rollout_ports.labels",
    "is_staff": "agents.operations.rollout_ports.are_staff",
    "previous_workflow": "agents.operations.rollout_ports.previous_workflow",
    "probe_previous_workflow": "agents.operations.rollout_ports.probe_previous_workflow",
    "cancel_waiting": "agents.operations.cancellation.cancel_waiting",
    "tell": "agents.notifications.broadcasts.send",
    "audience": "agents.notifications.broadcasts.audience",
    "mail_addresses": "agents.notifications.broadcasts.mail_addresses",
    "smoke_cases": "agents.smoke.cases.all_cases",
}


class AgentsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "agents"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register checks and the ports of `rollout`."""
        # Models must be loaded first.
        from agents.operations import system_checks  # noqa: F401, PLC0415
        from rollout.core.ports import on_first_call, ports  # noqa: PLC0415

        for name, path in PORTS.items():
            setattr(ports, name, on_first_call(path))

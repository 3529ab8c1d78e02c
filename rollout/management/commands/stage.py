from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from rollout.core import jobs
from rollout.core.errors import GatesUnmet
from rollout.management import plan_output
from rollout.management.arguments import (
    add_reason_and_actor,
    change_arguments,
    command_errors,
)
from rollout.policy.gates import unmet
from rollout.stages import stages

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from rollout.models import PlanChange


class Command(BaseCommand):
    help = "Show the stage and every gate, or move it: stage advance|set"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")
        actions = parser.add_subparsers(dest="action", metavar="advance|set")
        advance = actions.add_parser(
            "advance",
            help="go up one stage; exit 1 and every unmet gate, if there is one",
        )
        chosen = actions.add_parser(
            "set", help="go to a stage: back freely, up with --override"
        )
        chosen.add_argument("name", metavar="infrastructure|smoke|beta|production")
        chosen.add_argument(
            "--override",
            action="store_true",
            help="although gates are not met; recorded",
        )
        for each in (advance, chosen):
            add_reason_and_actor(each)

    def handle(self, *args: Any, **options: Any) -> None:
        with command_errors():
            if not options["action"]:
                self.stdout.write(plan_output.status(is_json=options["json"]))
                return
            try:
                self.write_change(self.move(options))
            except GatesUnmet as error:
                for gate in unmet(stages.gates_now()):
                    self.stdout.write(plan_output.gate_line(gate))
                raise CommandError(str(error)) from error

    def move(self, options: dict[str, Any]) -> PlanChange:
        arguments = change_arguments(options)
        if options["action"] == "advance":
            return stages.advance(**arguments)
        return stages.set_stage(
            options["name"], override=options["override"], **arguments
        )

    def write_change(self, change: PlanChange) -> None:
        jobs.enqueue_notices()
        self.stdout.write(
            f"Stage {change.after['stage']} (was {change.before['stage']});"
            f" {change.after['state'].replace('_', ' ')}."
        )
        for warning in stages.exposure_warnings():
            self.stderr.write(f"Warning: {warning}")

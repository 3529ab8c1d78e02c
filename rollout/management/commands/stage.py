from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from easymo.database.errors import telling
from rollout.core import jobs
from rollout.core.errors import GatesUnmet, RolloutError
from rollout.management import plan_output
from rollout.management.output import actor_name
from rollout.models import FlagChange
from rollout.plan import plan as plans
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
            "--override", action="store_true", help="pass the gates by; written down"
        )
        for each in (advance, chosen):
            each.add_argument("--reason", required=True)
            each.add_argument("--by", metavar="NAME", help="default: your login")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with telling():
                if options["action"]:
                    self.tell(self.move(options))
                else:
                    self.show(is_json=options["json"])
        except GatesUnmet as error:
            for gate in unmet(stages.gates_now()):
                self.stdout.write(plan_output.gate_line(gate))
            raise CommandError(str(error)) from error
        except RolloutError as error:
            raise CommandError(str(error)) from error

    def show(self, *, is_json: bool) -> None:
        plan = plans.current()
        gates = stages.gates_now(plan)
        if is_json:
            self.stdout.write(json.dumps(plan_output.as_json(plan, gates), indent=2))
            return
        for line in plan_output.as_lines(plan, gates):
            self.stdout.write(line)

    def move(self, options: dict[str, Any]) -> PlanChange:
        said = {
            "reason": options["reason"],
            "actor": actor_name(options["by"]),
            "source": FlagChange.Source.CLI,
        }
        if options["action"] == "advance":
            return stages.advance(**said)
        return stages.set_stage(options["name"], override=options["override"], **said)

    def tell(self, change: PlanChange) -> None:
        jobs.enqueue_notices()
        self.stdout.write(
            f"Stage {change.after['stage']} (was {change.before['stage']});"
            f" {change.after['state'].replace('_', ' ')}."
        )
        for warning in stages.exposure_warnings():
            self.stderr.write(f"Warning: {warning}")

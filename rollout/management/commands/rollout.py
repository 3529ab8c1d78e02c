from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from rollout.core import jobs
from rollout.core.errors import RequirementsUnmet
from rollout.management import plan_output, replay
from rollout.management.arguments import (
    actor_name,
    add_actor,
    add_reason_and_actor,
    change_arguments,
    command_errors,
)
from rollout.models import Override, PlanChange, Waiver
from rollout.stages import plan_state, rollback, stages, waivers

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

MOVES: dict[str, tuple[str, Callable[..., PlanChange | None]]] = {
    "promote": ("go up one stage, through the gates", stages.advance),
    "hold": ("no promotion; traffic as it is", plan_state.hold),
    "release": ("end a hold", plan_state.release),
    "demote": ("back one stage, with the features", stages.demote),
    "resume": ("go on after a rollback; turns nothing on", plan_state.resume),
}


class Command(BaseCommand):
    help = "Show the state of the rollout, or change it"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="VERB")
        status = actions.add_parser("status", help="the plan, its gates, what is on")
        status.add_argument("--json", action="store_true", help="for programs")
        for name, (words, _service) in MOVES.items():
            add_reason_and_actor(actions.add_parser(name, help=words))
        add_reason_and_actor(
            actions.add_parser("freeze", help="everything off, until two people resume")
        )
        waive = actions.add_parser(
            "waive", help="ask to waive a gate; another person approves"
        )
        waive.add_argument("gate", metavar="GATE|resume")
        waive.add_argument("--days", type=int, default=waivers.MAX_WAIVER_DAYS)
        add_reason_and_actor(waive)
        approve = actions.add_parser(
            "approve", help="approve a waiver that another person asked for"
        )
        approve.add_argument("number", type=int)
        add_actor(approve)
        override = actions.add_parser(
            "override", help="let the evaluator roll nothing back for some hours"
        )
        override.add_argument("--hours", type=int, required=True)
        add_reason_and_actor(override)
        replay.add_arguments(
            actions.add_parser(
                "replay", help="what a policy would have done over stored evidence"
            )
        )
        end = actions.add_parser("end-override", help="let the evaluator act again")
        end.add_argument("number", type=int)
        add_actor(end)

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["action"]
        name = "move" if action in MOVES else action.replace("-", "_")
        with command_errors():
            try:
                self.stdout.write(getattr(self, f"do_{name}")(options))
            except RequirementsUnmet as error:
                for missing in error.unmet:
                    self.stdout.write(f"  not met  {missing}")
                raise CommandError(str(error)) from error

    def do_status(self, options: dict[str, Any]) -> str:
        return plan_output.status(is_json=options["json"])

    def do_replay(self, options: dict[str, Any]) -> str:
        return "\n".join(replay.run(options))

    def do_move(self, options: dict[str, Any]) -> str:
        _words, service = MOVES[options["action"]]
        change = service(**change_arguments(options))
        jobs.enqueue_notices()
        if change is None:
            return "Nothing changed: this is already the case."
        state = change.after["state"].replace("_", " ")
        return f"Stage {change.after['stage']}, {state}."

    def do_freeze(self, options: dict[str, Any]) -> str:
        done = rollback.freeze(**change_arguments(options))
        off = ", ".join(done.rolled_back.turned_off) or "all were off already"
        return (
            f"Everything is off ({off}) and frozen;"
            f" incident {done.rolled_back.incident.pk}; {done.receipt or 'unconfirmed'}."
        )

    def do_waive(self, options: dict[str, Any]) -> str:
        waiver = waivers.ask_for_waiver(
            gate=options["gate"],
            reason=options["reason"],
            actor=actor_name(options["by"]),
            days=options["days"],
        )
        return f"Asked for {waivers.waiver_text(waiver)}; another person approves it."

    def do_approve(self, options: dict[str, Any]) -> str:
        waiver = Waiver.objects.filter(pk=options["number"]).first()
        if waiver is None:
            raise CommandError(f"There is no waiver {options['number']}.")
        waivers.approve_waiver(waiver=waiver, actor=actor_name(options["by"]))
        return f"Approved {waivers.waiver_text(waiver)}."

    def do_override(self, options: dict[str, Any]) -> str:
        override = waivers.begin_override(
            reason=options["reason"],
            actor=actor_name(options["by"]),
            hours=options["hours"],
        )
        return (
            f"Override {override.pk}: nothing is rolled back by itself for"
            f" {options['hours']} h, but for personal data and spending."
        )

    def do_end_override(self, options: dict[str, Any]) -> str:
        override = Override.objects.filter(pk=options["number"]).first()
        if override is None:
            raise CommandError(f"There is no override {options['number']}.")
        waivers.end_override(override=override, actor=actor_name(options["by"]))
        return "The evaluator acts again."

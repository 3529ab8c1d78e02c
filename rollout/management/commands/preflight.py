from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from rollout.check_runs.preflight import run_preflight
from rollout.management.arguments import actor_name, add_actor
from rollout.management.check_output import write_run

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Go through the pre-deployment checklist; exit 1 when a line failed."
    # Failed system checks are lines of the checklist; they must not stop the command.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--live", action="store_true", help="ask OpenAI, Meta and Supabase too"
        )
        add_actor(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        run = run_preflight(live=options["live"], actor=actor_name(options["by"]))
        write_run(self.stdout, run, is_json=options["json"], lines_key="checks")

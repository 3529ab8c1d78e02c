from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from rollout.check_runs import preflight
from rollout.management.output import actor_name, as_json, as_lines

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Go through the pre-deployment checklist; exit 1 when a line failed."
    # It reports what is wrong, and is not stopped by it.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--live", action="store_true", help="ask OpenAI, Meta and Supabase too"
        )
        parser.add_argument("--by", metavar="NAME", help="default: your login")

    def handle(self, *args: Any, **options: Any) -> None:
        done = preflight.run_preflight(
            live=options["live"], actor=actor_name(options["by"])
        )
        if options["json"]:
            self.stdout.write(json.dumps(as_json(done, "checks"), indent=2))
        else:
            self.stdout.write("\n".join(as_lines(done)))
        if not done.passed:
            sys.exit(1)

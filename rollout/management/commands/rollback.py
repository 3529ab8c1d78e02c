from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from rollout.errors import RolloutError
from rollout.management.people import who
from rollout.models import FlagChange
from rollout.services.rollback import Done, rollback_quick

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Turn features off at once: rollback quick --reason …"

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="quick")
        quick = kinds.add_parser("quick", help="all four features off, now")
        quick.add_argument("--reason", required=True)
        quick.add_argument("--by", metavar="NAME", help="default: your login")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rollback_quick(
                reason=options["reason"],
                actor=who(options["by"]),
                source=FlagChange.Source.CLI,
            )
        except RolloutError as error:
            raise CommandError(str(error)) from error
        except Error as error:
            raise CommandError(
                f"NOTHING WAS TURNED OFF: {type(error).__name__}. Is the database"
                " reachable? FEATURE_AGENT_…=false in the environment forces off."
            ) from error
        self.tell(done)

    def tell(self, done: Done) -> None:
        rolled_back = done.rolled_back
        off = ", ".join(rolled_back.turned_off) or "all were off already"
        self.stdout.write(f"All features are off ({off}).")
        self.stdout.write(f"Incident {rolled_back.incident.pk}.")
        if rolled_back.fence_proven:
            self.stdout.write("Fence proven: no voucher begun before commits after.")
        else:
            self.stderr.write(
                "Fence not proven: a voucher operation ran on and may still commit."
            )
        self.stdout.write(f"Epoch {rolled_back.epoch} {done.receipt or 'unconfirmed'}.")

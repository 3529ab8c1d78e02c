from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from rollout.core.errors import RolloutError, UnknownFeature
from rollout.core.features import Feature
from rollout.management.output import actor_name
from rollout.models import FlagChange
from rollout.stages.rollback import (
    RollbackResult,
    restore,
    rollback_full,
    rollback_partial,
    rollback_quick,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser

KINDS = {
    "quick": "all four features off, now",
    "partial": "the named features off, the others stay",
    "full": "quick, and the functions answer 410 until restore",
    "restore": "ends a full rollback; turns nothing on",
}
SAID = {
    "quick": "All features are off",
    "partial": "Turned off",
    "full": "All features are off and the functions are taken away",
    "restore": "The functions answer again; every feature stays as it is",
}
WAS_OFF = " (all were off already)"


class Command(BaseCommand):
    help = "Turn features off at once: rollback quick --reason …"
    # Nothing that is set up badly keeps an operator from acting.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_subparsers(
            dest="kind", required=True, metavar="quick|partial|full|restore"
        )
        for kind, words in KINDS.items():
            one = kinds.add_parser(kind, help=words)
            if kind == "partial":
                one.add_argument("features", nargs="+", metavar="FEATURE")
            one.add_argument("--reason", required=True)
            one.add_argument("--by", metavar="NAME", help="default: your login")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = self.order(options)
        except RolloutError as error:
            raise CommandError(str(error)) from error
        except Error as error:
            raise CommandError(
                f"NOTHING WAS CHANGED: {type(error).__name__}. Is the database"
                " reachable? FEATURE_AGENT_…=false in the environment forces off."
            ) from error
        self.tell(options["kind"], done)

    def order(self, options: dict[str, Any]) -> RollbackResult:
        said = {
            "reason": options["reason"],
            "actor": actor_name(options["by"]),
            "source": FlagChange.Source.CLI,
        }
        match options["kind"]:
            case "partial":
                return rollback_partial(
                    features=[named(name) for name in options["features"]], **said
                )
            case "full":
                return rollback_full(**said)
            case "restore":
                return restore(**said)
        return rollback_quick(**said)

    def tell(self, kind: str, done: RollbackResult) -> None:
        rolled_back = done.rolled_back
        if rolled_back.turned_off:
            self.stdout.write(f"{SAID[kind]} ({', '.join(rolled_back.turned_off)}).")
        elif kind == "partial":
            self.stdout.write("Nothing to turn off: it was off already.")
        else:
            self.stdout.write(f"{SAID[kind]}{WAS_OFF if kind != 'restore' else ''}.")
        self.stdout.write(f"Incident {rolled_back.incident.pk}.")
        if not rolled_back.fence_proven:
            self.stderr.write(
                "Fence not proven: a voucher operation ran on and may still commit."
            )
        elif kind != "restore":
            self.stdout.write("Fence proven: no voucher begun before commits after.")
        self.stdout.write(f"Epoch {rolled_back.epoch} {done.receipt or 'unconfirmed'}.")


def named(name: str) -> Feature:
    """Return the feature of this name, or refuse with those there are."""
    try:
        return Feature(name.strip().upper())
    except ValueError as error:
        known = ", ".join(feature.value for feature in Feature)
        raise UnknownFeature(
            f"There is no feature called {name[:60]!r}. There are {known}."
        ) from error

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from rollout import locks
from rollout.core.errors import RolloutError, UnknownFeature
from rollout.core.features import Feature
from rollout.management.arguments import add_reason_and_actor, change_arguments
from rollout.stages.rollback import (
    RollbackResult,
    restore,
    rollback_full,
    rollback_partial,
    rollback_quick,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

# Service, help, and the sentence of the output.
KINDS: dict[str, tuple[Callable[..., RollbackResult], str, str]] = {
    "quick": (rollback_quick, "all four features off, now", "All features are off"),
    "partial": (
        rollback_partial,
        "the named features off, the others stay",
        "Turned off",
    ),
    "full": (
        rollback_full,
        "quick, and the functions answer 410 until restore",
        "All features are off and the functions are disabled",
    ),
    "restore": (
        restore,
        "ends a full rollback; turns nothing on",
        "The functions answer again; every feature stays as it is",
    ),
}


class Command(BaseCommand):
    help = "Turn features off at once: rollback quick --reason …"
    # Wrong settings must not prevent a rollback.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_subparsers(
            dest="kind", required=True, metavar="quick|partial|full|restore"
        )
        for kind, (_, words, _) in KINDS.items():
            subparser = kinds.add_parser(kind, help=words)
            if kind == "partial":
                subparser.add_argument("features", nargs="+", metavar="FEATURE")
            add_reason_and_actor(subparser)

    def handle(self, *args: Any, **options: Any) -> None:
        service, _, _ = KINDS[options["kind"]]
        try:
            arguments = change_arguments(options)
            if options["kind"] == "partial":
                arguments["features"] = [feature(each) for each in options["features"]]
            done = service(**arguments)
        except RolloutError as error:
            raise CommandError(str(error)) from error
        except Error as error:
            raise CommandError(
                f"NOTHING WAS CHANGED: {type(error).__name__}. Is the database"
                " reachable? FEATURE_AGENT_…=false in the environment forces off."
            ) from error
        self.write_result(options["kind"], done)

    def write_result(self, kind: str, done: RollbackResult) -> None:
        _, _, words = KINDS[kind]
        rolled_back = done.rolled_back
        if rolled_back.turned_off:
            self.stdout.write(f"{words} ({', '.join(rolled_back.turned_off)}).")
        elif kind == "partial":
            self.stdout.write("Nothing to turn off: it was off already.")
        else:
            were_off = " (all were off already)" if kind != "restore" else ""
            self.stdout.write(f"{words}{were_off}.")
        self.stdout.write(f"Incident {rolled_back.incident.pk}.")
        if not rolled_back.fence_proven:
            self.stderr.write(locks.FENCE_NOT_PROVEN)
        elif kind != "restore":
            self.stdout.write(
                "Fence proven: no earlier voucher operation can commit any more."
            )
        self.stdout.write(f"Epoch {rolled_back.epoch} {done.receipt or 'unconfirmed'}.")


def feature(name: str) -> Feature:
    try:
        return Feature(name.strip().upper())
    except ValueError as error:
        known = ", ".join(feature.value for feature in Feature)
        raise UnknownFeature(
            f"There is no feature called {name[:60]!r}. There are {known}."
        ) from error

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rollout import locks
from rollout.core.errors import ResumeRequirementsUnmet
from rollout.core.features import Feature
from rollout.flags import acknowledgements, flags
from rollout.flags.selectors import (
    FeatureState,
    feature_states,
    full_rollback,
    percent_text,
)
from rollout.management.arguments import (
    add_reason_and_actor,
    change_arguments,
    command_errors,
)
from rollout.stages import stages

ON = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?", re.ASCII)


class Command(BaseCommand):
    help = "Show the four features, or turn them on and off: flags set NAME=on …"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", metavar="set")
        change = actions.add_parser("set", help="turn features on or off")
        change.add_argument(
            "changes", nargs="*", metavar="FEATURE=on|off", type=assignment
        )
        change.add_argument("--percent", type=percentage, metavar="N")
        change.add_argument(
            "--cohort",
            nargs="+",
            action="extend",
            default=[],
            metavar="NAME",
            type=cohort_or_change,
        )
        add_reason_and_actor(change)
        change.add_argument(
            "--override",
            action="store_true",
            help="after a rollback, although requirements are not met; recorded",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with command_errors():
            if options["action"] != "set":
                self.write_features()
                return
            try:
                self.change(options)
            except ResumeRequirementsUnmet as error:
                raise CommandError(f"{error} Or say --override.") from error

    def change(self, options: dict[str, Any]) -> None:
        changes, cohorts = separate(options["changes"], options["cohort"])
        changed = flags.set_features(
            by_feature(changes),
            **change_arguments(options),
            percent=options["percent"],
            cohorts=cohorts,
            override=options["override"],
        )
        self.write_features([name for name, _ in changes])
        if not changed.fence_proven:
            self.stderr.write(locks.FENCE_NOT_PROVEN)
        for warning in stages.exposure_warnings():
            self.stderr.write(f"Warning: {warning}")
        receipt = acknowledgements.await_acknowledgement(changed.epoch)
        self.stdout.write(f"epoch {receipt.epoch} {receipt}")

    def write_features(self, names: list[Feature] | None = None) -> None:
        for state in feature_states(names):
            self.stdout.write(line(state))
        if event := full_rollback():
            at = timezone.localtime(event.at).strftime("%Y-%m-%d %H:%M")
            self.stdout.write(
                f"Full rollback in force since {at}, by {event.actor}: {event.reason}"
                ' (end it with: rollback restore --reason "…")'
            )


def assignment(text: str) -> tuple[Feature, bool]:
    name, _, word = text.partition("=")
    try:
        feature = Feature(name.strip().upper())
    except ValueError as error:
        known = ", ".join(Feature)
        raise ArgumentTypeError(f"{name[:60]!r} is none of {known}") from error
    if word.lower() not in ON:
        raise ArgumentTypeError(f"{feature} is set to on or off, not {word[:60]!r}")
    return feature, ON[word.lower()]


def cohort_or_change(text: str) -> str | tuple[Feature, bool]:
    """Parse a word after --cohort, where assignments may follow too."""
    return assignment(text) if "=" in text else text


def separate(
    changes: list[tuple[Feature, bool]], words: list[str | tuple[Feature, bool]]
) -> tuple[list[tuple[Feature, bool]], list[str]]:
    """Return the assignments and the names of cohorts."""
    found = [*changes, *(word for word in words if not isinstance(word, str))]
    if not found:
        raise CommandError("Say what to set: FEATURE=on or FEATURE=off.", returncode=2)
    return found, [word for word in words if isinstance(word, str)]


def by_feature(changes: list[tuple[Feature, bool]]) -> dict[Feature, bool]:
    """Return the assignments; refuse on and off for one feature."""
    wanted: dict[Feature, bool] = {}
    for feature, on in changes:
        if wanted.setdefault(feature, on) != on:
            raise CommandError(f"{feature} cannot be both on and off.")
    return wanted


def percentage(text: str) -> Decimal:
    if not PERCENT.fullmatch(text):
        raise ArgumentTypeError("a percentage is a number from 0.01 to 100")
    return Decimal(text)


def line(state: FeatureState) -> str:
    """Return one feature: name, on or off, audience, forced, and its last change."""
    parts = [f"{state.name:<30}", "on " if state.is_on else "off"]
    if state.percent is not None:
        parts.append(percent_text(state.percent))
    if state.cohorts:
        parts.append("cohorts " + ",".join(state.cohorts))
    if state.forced_off:
        parts.append("forced off by the environment")
    if change := state.change:
        at = timezone.localtime(change.at).strftime("%Y-%m-%d %H:%M")
        parts.append(f"by {change.actor} at {at}: {change.reason}")
    return "  ".join(parts)

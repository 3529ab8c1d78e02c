from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from rollout.services import reports

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Print the daily or weekly report, or the post-deployment summary"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", nargs="?", default="daily", choices=reports.KINDS)
        parser.add_argument(
            "--day",
            metavar="YYYY-MM-DD",
            help="that day, or the week before it; default: until now",
        )
        parser.add_argument(
            "--send", action="store_true", help="send it to Slack and ALERT_EMAILS too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        day = self.day(options["day"])
        try:
            made = reports.make(options["kind"], day)
            self.stdout.write(made.markdown, ending="")
            if options["send"]:
                roads = len(reports.send(made))
                self.stderr.write(f"On its way to {roads} recipients.")
        except Error as error:
            raise CommandError(
                f"The database did not do it: {type(error).__name__}."
                " Is it reachable, and migrated?"
            ) from error

    @staticmethod
    def day(text: str | None) -> date | None:
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise CommandError("Give the day like 2027-01-31.") from error

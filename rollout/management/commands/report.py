from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand

from rollout.management.arguments import command_errors, parse_day
from rollout.models import Notice
from rollout.reports import reports

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence


class Command(BaseCommand):
    help = "Print the daily or weekly report, or the post-deployment summary"
    requires_system_checks: list[str] = []

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
        day = parse_day(options["day"]) if options["day"] else None
        with command_errors():
            made = reports.make(options["kind"], day)
            self.stdout.write(made.markdown, ending="")
            if options["send"]:
                self.stderr.write(self.destinations(reports.send(made)))

    @staticmethod
    def destinations(sent: Sequence[Notice]) -> str:
        """Name the destinations; without Slack the report goes to the log."""
        mails = sum(one.medium == Notice.Medium.EMAIL for one in sent)
        media = ["Slack" if settings.SLACK_WEBHOOK_URL else "the log"]
        if mails:
            media.append(f"{mails} e-mail address{'' if mails == 1 else 'es'}")
        unread = len(media) == 1 and not settings.SLACK_WEBHOOK_URL
        why = ": neither Slack nor an e-mail address is set" if unread else ""
        return f"On its way to {' and '.join(media)}{why}."

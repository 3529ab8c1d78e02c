from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rollout.management.arguments import command_errors, parse_day
from rollout.models import Notice
from rollout.reports import reports
from vouchers.errors import VoucherError
from vouchers.models import Station
from vouchers.settlement import files
from vouchers.settlement.figures import settlement

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

SETTLEMENT = "settlement"


class Command(BaseCommand):
    help = "Print the daily or weekly report, the summary, or the settlement"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = (*reports.KINDS, SETTLEMENT)
        parser.add_argument("kind", nargs="?", default="daily", choices=kinds)
        parser.add_argument(
            "--day",
            metavar="YYYY-MM-DD",
            help="that day, or the week before it; default: until now",
        )
        parser.add_argument(
            "--send", action="store_true", help="send it to Slack and ALERT_EMAILS too"
        )
        days = parser.add_argument_group("settlement")
        days.add_argument("--from", dest="first", metavar="YYYY-MM-DD")
        days.add_argument("--to", dest="last", metavar="YYYY-MM-DD", help="included")
        days.add_argument("--station", metavar="CODE", help="default: all stations")
        days.add_argument(
            "--format", choices=list(files.CONTENT_TYPES), help="default: table"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["kind"] == SETTLEMENT:
            self._settle(options)
            return
        if any(options[name] for name in ("first", "last", "station", "format")):
            raise CommandError("These options belong to: report settlement.")
        day = parse_day(options["day"]) if options["day"] else None
        with command_errors():
            made = reports.make(options["kind"], day)
            self.stdout.write(made.markdown, ending="")
            if options["send"]:
                self.stderr.write(self.destinations(reports.send(made)))

    def _settle(self, options: dict[str, Any]) -> None:
        if not (options["first"] and options["last"]):
            raise CommandError("A settlement needs --from and --to.")
        if options["day"] or options["send"]:
            raise CommandError("A settlement has no --day and no --send.")
        with command_errors():
            station = self._station(options["station"])
            first, last = parse_day(options["first"]), parse_day(options["last"])
            try:
                made = settlement(first=first, last=last, station=station)
            except VoucherError as error:
                raise CommandError(str(error)) from error
            content = files.render(made, options["format"] or "table")
        out = getattr(self.stdout, "buffer", None)
        if out is None:
            self.stdout.write(content.decode(errors="surrogateescape"), ending="")
        else:
            out.write(content)
            out.flush()

    @staticmethod
    def _station(code: str | None) -> Station | None:
        if code is None:
            return None
        station = Station.objects.filter(code=code.strip().upper()).first()
        if station is None:
            raise CommandError(f"There is no station {code}.")
        return station

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

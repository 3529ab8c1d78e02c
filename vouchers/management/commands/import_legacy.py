from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from easymo.database.errors import as_command_error
from vouchers.legacy import source
from vouchers.legacy.run import Import

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Import profiles and vouchers of the earlier system from its database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--source",
            required=True,
            metavar="DSN",
            help="the earlier database; keep its password in PGPASSWORD or ~/.pgpass",
        )
        parser.add_argument(
            "--schema", default="public", help="the schema of its tables"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="report only; write nothing"
        )
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with (
                as_command_error(),
                source.opened(options["source"], schema=options["schema"]) as opened,
            ):
                run = Import(opened, is_dry=options["dry_run"])
                (self._as_json if options["as_json"] else self._as_text)(run)
        except source.SourceError as error:
            raise CommandError(str(error)) from error

    def _as_json(self, run: Import) -> None:
        """Write each row when it is read: there may be a million."""
        start = json.dumps({"dry_run": run.is_dry})[:-1]
        self.stdout.write(f'{start}, "rows": [', ending="")
        for place, line in enumerate(run.lines()):
            comma = ", " if place else ""
            self.stdout.write(comma + json.dumps(line.as_json()), ending="")
        self.stdout.write(f"], {json.dumps(run.totals.as_json())[1:]}")

    def _as_text(self, run: Import) -> None:
        for line in run.lines():
            self.stdout.write(line.as_text())
        for sentence in run.totals.as_text():
            self.stdout.write(sentence)
        if run.is_dry:
            self.stdout.write("Dry run: nothing was written.")

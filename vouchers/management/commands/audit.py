from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from easymo.database.errors import as_command_error
from vouchers.services.audit import verify

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Check the trail of every voucher: its hash chain and its row."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("verify", help=self.help)
        check.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        with as_command_error():
            report = verify()
        if options["as_json"]:
            self.stdout.write(json.dumps(dataclasses.asdict(report)))
        else:
            for broken in report.broken:
                step = "" if broken.seq is None else f", step {broken.seq}"
                self.stdout.write(f"{broken.voucher}{step}: {broken.why}")
            self.stdout.write(
                f"{report.checked} vouchers checked, {len(report.broken)} faults."
            )
        if report.broken:
            sys.exit(1)

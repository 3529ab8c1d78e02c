from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from easymo.database.errors import as_command_error
from vouchers.errors import VoucherError
from vouchers.services import profiles

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Add a station, or rename the one with this code."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help=self.help)
        add.add_argument("code")
        add.add_argument("--name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with as_command_error():
                station = profiles.add_station(
                    code=options["code"], name=options["name"]
                )
        except VoucherError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{station.code}: {station.name}")

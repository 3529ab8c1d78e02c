from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from easymo.database.errors import as_command_error
from vouchers.errors import VoucherError
from vouchers.models import AuthorityChange
from vouchers.services import roles

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "List the roles and rights that wait for a second person, or decide one."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action")
        for name, what in (
            ("confirm", "Let a role or the rights of an account take effect."),
            ("refuse", "Refuse a role or the rights of an account."),
        ):
            decide = actions.add_parser(name, help=what)
            decide.add_argument("number", type=int)
            decide.add_argument("--reason", required=True)
            decide.add_argument("--by", metavar="NAME", default=roles.COMMAND_LINE)

    def handle(self, *args: Any, **options: Any) -> None:
        with as_command_error():
            if options["action"] is None:
                self._list()
            else:
                self._decide(options)

    def _list(self) -> None:
        rows = AuthorityChange.objects.filter(decision=roles.Decision.WAITING)
        rows = rows.select_related("profile", "account").order_by("id")
        for row in rows:
            self.stdout.write(f"{row.pk}: {row.sentence} By {row.given_by_name}.")
        if not rows:
            self.stdout.write("Nothing waits.")

    def _decide(self, options: dict[str, Any]) -> None:
        row = AuthorityChange.objects.filter(pk=options["number"]).first()
        if row is None:
            raise CommandError(f"There is no change of authority {options['number']}.")
        giver = roles.Giver.named(options["by"], reason=options["reason"])
        decide = roles.confirm if options["action"] == "confirm" else roles.refuse
        try:
            done = decide(change=row, giver=giver)
        except VoucherError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.get_decision_display()}: {done.sentence}")

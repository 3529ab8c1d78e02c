from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from agents.api import tokens
from agents.core.errors import TokenError
from agents.models.api import SCOPES
from easymo.database.errors import as_command_error

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from datetime import datetime

    from agents.models import ApiToken

ACTOR = "command line"
MOST_DAYS = 3_650


class Command(BaseCommand):
    help = "Create, list or revoke the tokens of the function API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="Make a token; shown once.")
        create.add_argument("name")
        create.add_argument(
            "--scope",
            action="append",
            metavar=",".join(SCOPES),
            help="What it may do, with commas between; lookup alone unless given.",
        )
        create.add_argument(
            "--station", metavar="CODE", help="The only station it may redeem at."
        )
        create.add_argument(
            "--network",
            action="append",
            default=[],
            metavar="ADDRESS",
            help="An address or network that calls may come from; may be repeated.",
        )
        create.add_argument(
            "--days", type=int, metavar="N", help="Expire after this number of days."
        )
        verbs.add_parser("list", help="List the tokens; never their secrets.")
        revoke = verbs.add_parser("revoke", help="End a token at once.")
        revoke.add_argument("name")
        revoke.add_argument("--reason", default="Revoked from the command line.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with as_command_error():
                self._do(options)
        except TokenError as error:
            raise CommandError(str(error)) from error

    def _do(self, options: dict[str, Any]) -> None:
        match options["verb"]:
            case "create":
                self._create(options)
            case "list":
                self._list()
            case _:
                self._revoke(options)

    def _create(self, options: dict[str, Any]) -> None:
        given = ",".join(options["scope"] or ["lookup"])
        scopes = [part.strip() for part in given.split(",") if part.strip()]
        row, secret = tokens.create_token(
            name=options["name"],
            scopes=scopes,
            station=options["station"],
            networks=options["network"],
            expires_at=_after(options["days"]),
            actor=ACTOR,
        )
        self.stdout.write(_line(row))
        self.stdout.write(f"Shown once, and never again: {secret}")

    def _list(self) -> None:
        rows = tokens.all_tokens()
        for row in rows:
            self.stdout.write(_line(row))
        if not rows:
            self.stdout.write("There are no tokens.")

    def _revoke(self, options: dict[str, Any]) -> None:
        reason = options["reason"].strip()
        if not 0 < len(reason) <= 500 or not reason.isprintable():
            raise CommandError("A reason has 1 to 500 characters.")
        row = tokens.revoke_token(name=options["name"], actor=ACTOR, reason=reason)
        self.stdout.write(_line(row))


def _after(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 0 < days <= MOST_DAYS:
        raise CommandError(f"A token expires after 1 to {MOST_DAYS} days.")
    return timezone.now() + timedelta(days=days)


def _line(row: ApiToken) -> str:
    station = row.station.code if row.station else "any station"
    state = "in force" if tokens.is_in_force(row) else "expired"
    if row.revoked_at:
        state = f"revoked {_at(row.revoked_at)}"
    elif row.expires_at:
        state += f" until {_at(row.expires_at)}"
    if row.networks:
        state += f"  from {','.join(row.networks)}"
    used = f"last used {_at(row.last_used_at)}" if row.last_used_at else "never used"
    return f"{row.name}  {','.join(row.scopes)}  {station}  {state}  {used}"


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""

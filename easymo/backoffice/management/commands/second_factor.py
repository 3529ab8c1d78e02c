from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from easymo.backoffice import second_factor
from easymo.backoffice.reason import InvalidReason, clean_reason
from easymo.database.errors import as_command_error

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Show or reset the second factor of an account, where no operator can."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        show = verbs.add_parser("show", help="Tell whether an app is set up.")
        show.add_argument("username")
        reset = verbs.add_parser(
            "reset", help="Remove the app and its codes, and end the sessions."
        )
        reset.add_argument("username")
        reset.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        with as_command_error():
            user = User.objects.filter(username=options["username"]).first()
            if user is None:
                raise CommandError("There is no account with this name.")
            if options["verb"] == "reset":
                self._reset(user, options["reason"])
            else:
                self._show(user)

    def _show(self, user: User) -> None:
        if second_factor.factor_of(user) is None:
            self.stdout.write("No second factor is set up.")
            return
        left = second_factor.codes_left(user)
        self.stdout.write(f"A second factor is set up; recovery codes left: {left}.")

    def _reset(self, user: User, text: str) -> None:
        try:
            reason = clean_reason(text)
        except InvalidReason as error:
            raise CommandError(str(error)) from error
        is_removed = second_factor.reset(user=user, reason=reason)
        if not is_removed:
            raise CommandError("This account has no second factor.")
        self.stdout.write(
            "The second factor was removed and all sessions have ended. The next"
            " sign-in sets up a new one."
        )

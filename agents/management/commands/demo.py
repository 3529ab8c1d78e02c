from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agents.operations import demonstration
from easymo.backoffice import demo_logins
from easymo.development import run_log
from rollout.core.errors import RolloutError
from vouchers.errors import VoucherError

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from easymo.backoffice.demo_logins import DemoRole

PASSWORD_FILE = "operator-password"  # noqa: S105
BANNER = """
  easymo is ready.

  Simulator     {address}/simulator/
                WhatsApp and the telephone in your browser: start here
  Back office   {address}/admin/
  Sign in       {login}   {password}

  Try, in the simulator:
    as Diane, a staff member  create voucher 10000 for +250788000000
    as Aline, a customer      show my vouchers
    as Claudine, at a station  redeem, and the code that a customer reads out
  Call, too: Phone call, Aline, Call, "show me my vouchers", Press the PIN
  Then turn the agent off, and write to it again:
    .venv/bin/python manage.py rollback quick --reason "just trying"

  Ctrl-C stops everything.
"""


ROLES = """
  Sign in with another role, at {address}/admin/
{logins}

  Logs          {logs}; `LOG=1 make run` shows them here
  Start again   `make demo-reset`, while easymo is stopped
"""


class Command(BaseCommand):
    help = "Put the demo people, stations and vouchers into the database, once"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="print nothing")
        parser.add_argument(
            "--show", action="store_true", help="only say where to look and sign in"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["show"]:
            self.show()
            return
        try:
            demonstration.seed()
            demonstration.open_chats()
        except (RolloutError, VoucherError) as error:
            raise CommandError(f"The demo data was not added: {error}") from error
        password = self.open_login()
        if options["quiet"]:
            return
        self.stdout.write("The demo people, stations and vouchers are in.")
        if password:
            self.stdout.write(f"Sign in as {demonstration.LOGIN} with {password}")
        if not (settings.DEMONSTRATION or settings.SIMULATOR_ENABLED):
            self.stdout.write("The simulator needs SIMULATOR_ENABLED=true.")

    def open_login(self) -> str | None:
        """Create the login; a demonstration stores its password to show it again."""
        if not settings.DEMONSTRATION:
            return demonstration.open_login()[1]
        password = kept_password() or demonstration.new_password()
        user, _ = demonstration.open_login(password)
        if not user.is_superuser:
            user.is_superuser = True
            user.save(update_fields=["is_superuser"])
        keep_password(password)
        kept = demo_logins.kept() | {demonstration.LOGIN: password}
        demo_logins.keep(demonstration.open_role_logins(kept))
        return password

    def show(self) -> None:
        host = settings.HOST if settings.HOST not in LOCAL else "localhost"
        self.stdout.write(
            BANNER.format(
                address=f"http://{host}:{settings.PORT}",
                login=demonstration.LOGIN,
                password=kept_password() or "(as you set it)",
            )
        )
        passwords = demo_logins.kept()
        self.stdout.write(
            ROLES.format(
                address=f"http://{host}:{settings.PORT}",
                logins="\n".join(
                    _line(role, passwords[role.username])
                    for role in demo_logins.ROLES
                    if role.username in passwords
                ),
                logs=os.path.relpath(run_log.FILE, settings.BASE_DIR),
            )
        )
        self.stdout.flush()


def _line(role: DemoRole, password: str) -> str:
    place = ", at /station/" if role.is_station else ""
    return f"    {role.username:<11} {password}   {role.does}{place}"


LOCAL = {"0.0.0.0", "127.0.0.1"}  # noqa: S104


def password_file() -> Path:
    return Path(settings.VAR) / PASSWORD_FILE


def kept_password() -> str | None:
    try:
        return password_file().read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def keep_password(password: str) -> None:
    handle = os.open(password_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as output:
        output.write(password + "\n")

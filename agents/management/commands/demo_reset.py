from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from easymo.development import embedded, running, supervisor

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Empty the demonstration's own database and seed it again"
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take no arguments: only the embedded database is ever emptied."""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMONSTRATION:
            raise CommandError(
                "DATABASE_URL is set: only the demonstration's own database is emptied. "
                "Nothing was changed."
            )
        if running.port() is not None:
            raise CommandError(
                "easymo runs from this folder. Stop it with Ctrl-C, then run "
                "`make demo-reset` again. Nothing was changed."
            )
        try:
            # Else it could be started meanwhile.
            with supervisor.single_instance():
                self._reset()
        except supervisor.StartError as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        self.stdout.write(
            "The demonstration is as at the beginning. The sign-ins are the same. "
            "`make run` starts it."
        )

    def _reset(self) -> None:
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]
        embedded.empty()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("demo", "--quiet")

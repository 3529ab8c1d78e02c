from __future__ import annotations

from argparse import REMAINDER
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class RetiredCommand(BaseCommand):
    """Stands before a command of waffle's, and sends people to ours."""

    help = "Not used here: see `flags`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ignored", nargs=REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("Use `manage.py flags set NAME=on|off --reason …`.")

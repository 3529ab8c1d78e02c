from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from rollout.management import replaying

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

PARTS = {
    "replay": ("what a policy would have done over stored evidence", replaying),
}


class Command(BaseCommand):
    help = "The rollout: " + "; ".join(
        f"{name}, {what}" for name, (what, _) in PARTS.items()
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        for name, (what, part) in PARTS.items():
            part.add_arguments(parts.add_parser(name, help=what))

    def handle(self, *args: Any, **options: Any) -> None:
        _what, part = PARTS[options["part"]]
        part.run(options, self.stdout.write)

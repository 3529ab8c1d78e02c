from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from agents.api.schema_pages import as_yaml
from easymo.paths import BASE_DIR

if TYPE_CHECKING:
    from argparse import ArgumentParser

FILE = BASE_DIR / "docs" / "openapi.yaml"


class Command(BaseCommand):
    help = "Write the description of the function API to docs/openapi.yaml."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Only say whether it is up to date."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        text = as_yaml()
        if not options["check"]:
            FILE.write_text(text, encoding="utf-8")
        elif not FILE.is_file() or FILE.read_text(encoding="utf-8") != text:
            raise CommandError(
                "docs/openapi.yaml is not what the code says: "
                "run `python manage.py api_schema`."
            )

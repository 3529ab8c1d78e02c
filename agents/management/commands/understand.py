"""Print what the offline model makes of sentences, one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from agents.content import in_force
from agents.content.document import BUILT_IN
from agents.tools.explanation import ROLES, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.management.base import CommandParser

    from agents.content.document import Content

LONGEST = 4_096


def _content() -> Content:
    """Return the operators' texts in force; the built-in ones without their tables."""
    try:
        return in_force.current()
    except Error:
        return BUILT_IN


class Command(BaseCommand):
    help = "Shows what the offline model understands of each sentence; writes nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("texts", nargs="*", metavar="TEXT")
        parser.add_argument("--file", help="one JSON object a line: text, role")
        parser.add_argument("--role", choices=ROLES, default="customer")
        parser.add_argument("--json", action="store_true", help="the only format")

    def handle(self, **options: Any) -> None:
        given = [(text, options["role"]) for text in options["texts"]]
        if options["file"]:
            given += self._lines(options["file"], options["role"])
        if not given:
            raise CommandError("Give sentences, or a file with --file.")
        content = _content()
        for text, role in given:
            shown = explain(text[:LONGEST], role=role, content=content)
            self.stdout.write(json.dumps(shown, ensure_ascii=False))

    def _lines(self, name: str, role: str) -> Iterator[tuple[str, str]]:
        try:
            content = Path(name).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The file cannot be read: {error}") from None
        for number, line in enumerate(content.split("\n"), 1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
                text, own_role = entry["text"], entry.get("role") or role
            except (ValueError, KeyError, TypeError, AttributeError):
                raise CommandError(
                    f"Line {number}: expected a JSON object with a text."
                ) from None
            if not isinstance(text, str) or own_role not in ROLES:
                raise CommandError(
                    f"Line {number}: text is a string, role one of {', '.join(ROLES)}."
                )
            yield text, own_role

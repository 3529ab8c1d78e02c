from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand

from easymo.database.errors import telling
from rollout.check_runs import smoke
from rollout.management.output import actor_name, as_json, as_lines

if TYPE_CHECKING:
    from argparse import ArgumentParser

ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class Command(BaseCommand):
    help = "Run the guide's smoke tests against a running deployment."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url",
            type=address,
            help=f"default: http://127.0.0.1:{settings.PORT}, which is $PORT here",
        )
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--by", metavar="NAME", help="default: your login")

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"] or f"http://127.0.0.1:{settings.PORT}"
        with telling():
            done = smoke.run_smoke(url=url, actor=actor_name(options["by"]))
        if options["json"]:
            told = as_json(done, "cases") | {"url": url}
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self.stdout.write(f"{url}")
            self.stdout.write("\n".join(as_lines(done)))
        if not done.passed:
            sys.exit(1)


def address(text: str) -> str:
    if not ADDRESS.fullmatch(text):
        raise ArgumentTypeError("an address is like https://host:port")
    return text.rstrip("/")

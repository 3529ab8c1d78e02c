from __future__ import annotations

import re
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand

from rollout.check_runs.smoke import run_smoke
from rollout.management.arguments import actor_name, add_actor, command_errors
from rollout.management.check_output import write_run

if TYPE_CHECKING:
    from argparse import ArgumentParser

URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class Command(BaseCommand):
    help = "Run the guide's smoke tests against a running deployment."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url",
            type=url,
            help=f"default: http://127.0.0.1:{settings.PORT}, with the port of $PORT",
        )
        parser.add_argument("--json", action="store_true", help="for programs")
        add_actor(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"] or f"http://127.0.0.1:{settings.PORT}"
        with command_errors():
            run = run_smoke(url=url, actor=actor_name(options["by"]))
        write_run(self.stdout, run, is_json=options["json"], lines_key="cases", url=url)


def url(text: str) -> str:
    if not URL.fullmatch(text):
        raise ArgumentTypeError("an address is like https://host:port")
    return text.rstrip("/")

from __future__ import annotations

import os
import re
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand

from easymo.development import running
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
            help="default: this machine, on the port of $PORT or of `make run`",
        )
        parser.add_argument("--json", action="store_true", help="for programs")
        add_actor(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"] or default_url()
        with command_errors():
            run = run_smoke(url=url, actor=actor_name(options["by"]))
        write_run(self.stdout, run, is_json=options["json"], lines_key="cases", url=url)


def default_url() -> str:
    """Return this machine at $PORT, else where `make run` serves, else the default."""
    served = None if "PORT" in os.environ else running.port()
    return f"http://127.0.0.1:{served or settings.PORT}"


def url(text: str) -> str:
    if not URL.fullmatch(text):
        raise ArgumentTypeError("an address is like https://host:port")
    return text.rstrip("/")

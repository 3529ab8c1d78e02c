"""A worker without quiet time, for the benchmark of what a turn costs."""

from __future__ import annotations

import sys
from dataclasses import replace

import django
from django.core.management import execute_from_command_line


def main() -> None:
    django.setup()
    remove_quiet_time()
    execute_from_command_line([sys.argv[0], "procrastinate", "worker"])


def remove_quiet_time() -> None:
    # After the set-up: these modules read the settings.
    from agents.turns import run

    usual = run.default_dependencies

    def without_quiet_time() -> run.TurnDependencies:
        given = usual()
        timing = replace(given.timing, quiet_after_text=0.0, quiet_after_media=0.0)
        return replace(given, timing=timing)

    run.default_dependencies = without_quiet_time


if __name__ == "__main__":
    main()

"""A worker whose periodic tasks run every second instead of every minute.

A conversation is over after two seconds without a word. With EASYMO_TEST_LEAK it has a
library in it that prints a number, past all logging, once a message was taken in.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta

import attr
import django
from django.core.management import execute_from_command_line

COMMAND = ("-m", "tests.flows.watchful_worker")


def main() -> None:
    django.setup()
    # After the set-up: these modules read the settings.
    from procrastinate.contrib.django import app

    from agents.outcomes import outcome
    from agents.turns import run

    usual = run.default_dependencies

    def without_quiet_time() -> run.TurnDependencies:
        given = usual()
        timing = replace(given.timing, quiet_after_text=0.0)
        return replace(given, timing=timing)

    run.default_dependencies = without_quiet_time
    outcome.IDLE = timedelta(seconds=2)
    app.perform_import_paths()
    registry = app.periodic_registry.periodic_tasks
    for key, task in registry.items():
        if task.cron == "* * * * *":
            registry[key] = attr.evolve(task, cron="* * * * * */1")
    if number := os.environ.get("EASYMO_TEST_LEAK"):
        threading.Thread(target=leak, args=(number,), daemon=True).start()
    execute_from_command_line([sys.argv[0], "procrastinate", "worker"])


def leak(number: str) -> None:
    from agents.models import Message

    while not Message.objects.exists():
        time.sleep(0.2)
    sys.stderr.write(f"connection to {number} lost\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()

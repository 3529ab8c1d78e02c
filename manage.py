#!/usr/bin/env python
from __future__ import annotations

import gc
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from easymo.database.authorship import Author, authored
from easymo.development import embedded
from easymo.development.binaries import EmbeddedError
from easymo.observability import correlation
from easymo.start import load_settings

# Commands that read no row: they work where no database can be had.
WITHOUT_DATABASE = {"", "diffsettings", "findstatic", "help", "version"}
# Commands that run processes.
SERVERS = {"procrastinate", "runserver"}
COMMAND_LINE = "command line"
COLLECT_AFTER = 50_000


def main() -> None:
    # What is imported stays: looking through it for garbage costs a tenth of the start.
    gc.set_threshold(COLLECT_AFTER)
    command = next((a for a in sys.argv[1:2] if not a.startswith("-")), "")
    try:
        load_settings()
        if command not in WITHOUT_DATABASE and "--help" not in sys.argv:
            embedded.hold()
    except (ImproperlyConfigured, EmbeddedError) as error:
        sys.exit(f"easymo cannot start: {error}")
    if command in SERVERS:
        execute_from_command_line(sys.argv)
        return
    # A command's change is the command line's, and its log lines have one id.
    author = Author(f"command {command}"[:40], COMMAND_LINE)
    with authored(lambda: author), correlation.bound():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

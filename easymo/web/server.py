"""The web process: granian serves our WSGI application."""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from granian import Granian
from granian.constants import Interfaces

from easymo.development import embedded
from easymo.development.binaries import EmbeddedError
from easymo.start import end_with_supervisor, load_settings


def main() -> None:
    end_with_supervisor()
    try:
        load_settings()
        embedded.hold()
    except (ImproperlyConfigured, EmbeddedError) as error:
        sys.exit(f"easymo cannot start: {error}")
    Granian(
        "easymo.wsgi:application",
        address=settings.HOST,
        port=settings.PORT,
        interface=Interfaces.WSGI,
        workers=settings.WEB_WORKERS,
        # Each thread uses one connection of the pool: more threads would only wait.
        blocking_threads=settings.DATABASE_THREADS,
        websockets=False,
        log_dictconfig=settings.LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=4,
    ).serve()


if __name__ == "__main__":
    main()

"""The web process: granian serves our application through the edge."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from easymo.development import embedded
from easymo.development.binaries import EmbeddedError
from easymo.start import end_with_supervisor, load_settings
from easymo.web.connection_guard import CONNECTIONS, IDLE_S

# From an answer, or the beginning of a connection, to the end of a request's headers. The
# connection guard has closed it before.
HEADERS_MS = int(IDLE_S * 1_000) + 5_000
# The longest request line with headers; longer ones are answered with 431.
HEADERS_BYTES = 64 * 1024
# Files and database connections besides the connections of callers.
OTHER_DESCRIPTORS = 512


def main() -> None:
    end_with_supervisor()
    try:
        load_settings()
        embedded.hold()
    except (ImproperlyConfigured, EmbeddedError) as error:
        sys.exit(f"easymo cannot start: {error}")
    serve("easymo.wsgi:edge")


def serve(target: str) -> None:
    """Serve an RSGI application until the process is told to end."""
    _allow_descriptors()
    Granian(
        target,
        address=settings.HOST,
        port=settings.PORT,
        interface=Interfaces.RSGI,
        workers=settings.WEB_WORKERS,
        # HTTP/2 has no deadline for headers, and "auto" none for the first bytes.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADERS_MS, max_buffer_size=HEADERS_BYTES
        ),
        backpressure=CONNECTIONS,
        websockets=False,
        log_dictconfig=settings.LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=4,
    ).serve()


def _allow_descriptors() -> None:
    """Raise the limit of open files, as far as the system allows."""
    wanted = CONNECTIONS + OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()

from __future__ import annotations

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from easymo.observability import streams
from easymo.observability.metrics import collectors
from easymo.start import end_with_granian
from easymo.web.edge import Edge

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")
# Guard the standard streams before any library keeps a reference to them.
streams.guard_process()
end_with_granian()
application = get_wsgi_application()
# Import the pages and metrics now: the first request should not wait for them.
import_module(settings.ROOT_URLCONF)
collectors()

# Models and translated texts can be imported only after the set-up above.
from agents.inbound.endpoint import PATH, answer_delivery  # noqa: E402
from rollout.snapshot import flag_snapshot  # noqa: E402

# A probe never waits for a page: each lane has its own threads. A page may hold one
# database connection in each thread, the probes hold the two others.
THREADS = {"pages": settings.DATABASE_THREADS, "probes": 2}
PROBES = {"/healthz", "/readyz", "/readyz/workers", "/metrics"}


def lane_of(path: str) -> str:
    return "probes" if path in PROBES else "pages"


edge = Edge(
    application,
    threads=THREADS,
    lane_of=lane_of,
    coroutines={("POST", PATH): answer_delivery},
)
# Start the refreshers now: a change acknowledged by all must include this process.
flag_snapshot.start()

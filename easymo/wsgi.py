from __future__ import annotations

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from easymo.observability import streams
from easymo.observability.metrics import collectors
from easymo.start import end_with_granian
from easymo.web.middleware import MeasuredBodies
from rollout.snapshot import flag_snapshot

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")
# Guard the standard streams before any library keeps a reference to them.
streams.guard_process()
end_with_granian()
pages = get_wsgi_application()
# Import the pages and metrics now: the first request should not wait for them.
import_module(settings.ROOT_URLCONF)
collectors()

# Models can be imported only after the set-up above.
from agents.inbound.endpoint import FastWebhookPath  # noqa: E402

application = FastWebhookPath(MeasuredBodies(pages))
# Start the refreshers now: a change acknowledged by all must include this process.
flag_snapshot.start()

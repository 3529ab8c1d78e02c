from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from easymo.observability import streams
from easymo.web import orphan
from easymo.web.middleware import MeasuredBodies
from rollout.snapshot import flag_snapshot

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")
# First of all: whoever keeps a stream keeps a guarded one.
streams.guard_process()
orphan.watch()
pages = get_wsgi_application()

# Models can be imported only now.
from agents.inbound.endpoint import FastWebhookPath  # noqa: E402

application = FastWebhookPath(MeasuredBodies(pages))
# A change that is told "acknowledged by all" counts this process from its start.
flag_snapshot.start()

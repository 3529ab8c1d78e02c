from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from easymo import orphan
from easymo.bodies import MeasuredBodies
from easymo.observability import streams
from rollout import snapshot

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")
# First of all: whoever keeps a stream keeps a guarded one.
streams.guard_process()
orphan.watch()
pages = get_wsgi_application()

# Models can be imported only now.
from agents.webhooks.door import WebhookDoor  # noqa: E402

application = WebhookDoor(MeasuredBodies(pages))
# A change that is told "acknowledged by all" counts this process from its start.
snapshot.start()

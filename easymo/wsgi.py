from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from rollout import snapshot

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")
application = get_wsgi_application()
# A change that is told "acknowledged by all" counts this process from its start.
snapshot.start()

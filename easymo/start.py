from __future__ import annotations

import os

from django.conf import settings


def load_settings() -> None:
    """Read the settings now, so that an error in them is reported first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")
    bool(settings.SECRET_KEY)

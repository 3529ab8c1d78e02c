from __future__ import annotations

from easymo.settings.base import env

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")

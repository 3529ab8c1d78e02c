from __future__ import annotations

from easymo.settings import *  # noqa: F403

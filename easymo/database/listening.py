"""How to hear a NOTIFY: through the same database, but never through a pooler."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections

NOT_PSYCOPGS = ("context", "cursor_factory", "prepare_threshold")


def connect_parameters() -> dict[str, Any] | None:
    """Return what ``psycopg.connect`` needs to LISTEN; None: it cannot be, so poll."""
    if settings.DATABASE_LISTEN is None:
        return None
    if settings.DATABASE_LISTEN:
        return dict(settings.DATABASE_LISTEN)
    return direct_parameters()


def direct_parameters() -> dict[str, Any]:
    """Return what ``psycopg.connect`` needs to reach Django's own database."""
    found = connections["default"].get_connection_params()
    return {key: value for key, value in found.items() if key not in NOT_PSYCOPGS}

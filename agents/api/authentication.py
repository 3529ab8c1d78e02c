"""Who calls: a token, looked up anew for each request, so that revoking is at once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.utils import timezone

from agents.api import refusals, tokens
from agents.models import ApiToken
from agents.tools import tool_rate
from easymo import keys
from easymo.web.middleware import address_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from vouchers.models import Station

LONGEST_TOKEN = 512
REFUSED_A_MINUTE = 20
_USED_EVERY = timedelta(minutes=1)
_NOTE_USE = """
UPDATE agents_apitoken SET last_used_at = clock_timestamp() WHERE id = (
    SELECT id FROM agents_apitoken WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class Principal:
    """A token in force, and what it may do."""

    token_id: int
    name: str
    scopes: frozenset[str]
    # The only station it may redeem at.
    station: Station | None

    @property
    def actor_id(self) -> str:
        """Name it in trails, where its row may have a namesake later."""
        return f"{self.token_id}:{self.name}"


def authenticate(request: HttpRequest) -> Principal:
    """Return whose token this is; raise 401, or 429 for an address that guesses."""
    presented = _presented(request)
    row = _row_of(presented) if presented else None
    if row is None:
        if presented and (seconds := _count_refused(request)):
            raise refusals.rate_limited(seconds, "Too many refused tokens.")
        raise refusals.unauthorized()
    _note_use(row)
    return Principal(row.pk, row.name, frozenset(row.scopes), row.station)


def _presented(request: HttpRequest) -> list[str]:
    """Return the tokens of the request.

    The earlier system's gateway took ``Authorization`` for itself: callers sent its
    key there and ours in a header of its own. One that is right is enough.
    """
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    found = [
        bearer if scheme.lower() == "bearer" else "",
        request.headers.get("X-Agent-JWT", ""),
        request.headers.get("X-Agent-Token", ""),
    ]
    stripped = [text.strip() for text in found]
    return [text for text in stripped if 0 < len(text) <= LONGEST_TOKEN]


def _row_of(presented: list[str]) -> ApiToken | None:
    if _is_internal(presented):
        row = tokens.sync_internal()
        return row if row and row.revoked_at is None else None
    return (
        ApiToken.objects.select_related("station")
        .filter(
            digest__in=[tokens.digest_of(text) for text in presented],
            revoked_at__isnull=True,
            is_internal=False,
        )
        .first()
    )


def _is_internal(presented: list[str]) -> bool:
    expected = settings.AGENT_CORE_INTERNAL_TOKEN.encode()
    return bool(expected) and any(
        hmac.compare_digest(expected, text.encode("utf-8", "replace"))
        for text in presented
    )


def _count_refused(request: HttpRequest) -> int | None:
    digest = keys.digest("address", address_of(request).encode("utf-8", "replace"))
    return tool_rate.take(f"address:{digest.hex()[:40]}", limit=REFUSED_A_MINUTE)


def _note_use(row: ApiToken) -> None:
    """Write down the minute of the last use; a row that is busy is left alone."""
    if row.last_used_at and timezone.now() - row.last_used_at < _USED_EVERY:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_USE, [row.pk])

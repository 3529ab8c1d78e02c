"""What is done with a delivery of Meta's, whoever hands it in.

Check the signature, store the bytes, wake a worker: nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from agents import synthetic, tasks
from agents.channels.whatsapp.signature import is_signed
from agents.services import inbox
from easymo.observability import correlation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

logger = get_logger("agents.webhooks.whatsapp")

# Meta sends up to 3 MB; Django's own limit is below that, so it is not asked.
LARGEST_BODY = 3_500_000
SIGNATURE = "X-Hub-Signature-256"


class Answer(NamedTuple):
    """What Meta is told."""

    status: int
    error: str | None = None
    retry_after_s: int | None = None

    @property
    def content(self) -> dict[str, bool | str]:
        """The answer's JSON."""
        if self.error is None:
            return {"received": True}
        return {"received": False, "error": self.error}


def receive(
    *, read: Callable[[int], bytes], signature: str | None, mark: str | None
) -> Answer:
    """Answer 200 once the bytes are stored, whatever they hold."""
    try:
        body = read(LARGEST_BODY + 1)
    except OSError:
        return _refusal(400, "the body did not arrive")
    if len(body) > LARGEST_BODY:
        return _refusal(413, "the body is over 3.5 MB")
    if not is_signed(body, signature, settings.WA_APP_SECRETS):
        return _refusal(403, "the signature is missing or wrong")
    try:
        event_id = inbox.record(
            body=body,
            is_synthetic=synthetic.is_marked(body, mark),
            correlation_id=correlation.current(),
            wake=tasks.WAKE_INGEST,
        )
    except (DatabaseError, InterfaceError):
        # Meta delivers again for days: that is our outer queue.
        return _refusal(503, "the database is unreachable", retry_after_s=5)
    logger.info("ai.whatsapp.webhook.received", event_id=event_id, size=len(body))
    return Answer(200)


def _refusal(status: int, why: str, *, retry_after_s: int | None = None) -> Answer:
    logger.warning("ai.whatsapp.webhook.rejected", status=status, why=why)
    return Answer(status, why, retry_after_s)

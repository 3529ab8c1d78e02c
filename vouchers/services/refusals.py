from __future__ import annotations

from typing import TYPE_CHECKING

from easymo.observability import correlation
from vouchers.models import Refusal

if TYPE_CHECKING:
    from vouchers.actors import Actor


def record(*, operation: str, reason: str, actor: Actor) -> None:
    """Write the audit row of a refusal that does not come from the database."""
    Refusal.objects.create(
        operation=operation,
        reason=reason,
        actor_kind=actor.kind,
        actor_id=actor.id,
        channel=actor.channel,
        correlation_id=correlation.current(),
    )

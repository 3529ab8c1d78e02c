from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from agents.models import Call


@dataclass(frozen=True, slots=True)
class CallRef:
    """A call under the lease of this worker: ids only, fixed for the whole call."""

    pk: int
    # The provider's id.
    call_id: str
    public_id: UUID
    conversation_id: int
    # The person whose number is calling; it proves nothing.
    profile_id: int
    # The person's id for features and cohorts.
    subject: str
    # The language in which the call began (or was taken over).
    language: str
    # The lease: every change of the call's row needs it.
    token: UUID
    correlation_id: UUID
    is_synthetic: bool
    received_at: datetime


def reference_of(call: Call) -> CallRef:
    """Return the reference of an accepted call that this worker has claimed."""
    assert call.profile is not None
    assert call.conversation_id is not None
    assert call.lease_token is not None
    return CallRef(
        pk=call.pk,
        call_id=call.call_id,
        public_id=call.public_id,
        conversation_id=call.conversation_id,
        profile_id=call.profile.pk,
        subject=str(call.profile.public_id),
        language=call.language,
        token=call.lease_token,
        correlation_id=call.correlation_id,
        is_synthetic=call.is_synthetic,
        received_at=call.received_at,
    )

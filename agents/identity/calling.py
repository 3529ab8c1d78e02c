"""The question on WhatsApp whether it is really this person who is calling.

A press verifies one call: the one that the button names, while it is open, and for ten
minutes after the question.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from agents.models import Call, CallEvent
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from datetime import datetime

    from vouchers.models import Profile

logger = get_logger(__name__)

VALID_FOR = timedelta(minutes=10)
# The answers as the call's timeline has them.
ASKED, CONFIRMED, DENIED = "asked on WhatsApp", "confirmed on WhatsApp", "denied"


def note(call_pk: int, step: str) -> None:
    """Write a step of the verification into the call's timeline."""
    CallEvent.objects.create(
        call_id=call_pk,
        kind=CallEvent.Kind.PIN,
        at=timezone.now(),
        detail={"result": step},
    )


def has_step(call_pk: int, step: str) -> bool:
    rows = CallEvent.objects.filter(call=call_pk, kind=CallEvent.Kind.PIN)
    return rows.filter(detail__result=step).exists()


def is_verified(call: Call) -> bool:
    """Tell whether the caller proved who they are, and the person did not deny it."""
    return call.verified_at is not None and not has_step(call.pk, DENIED)


def was_asked_recently(profile: Profile) -> bool:
    """Tell whether the person was asked within ten minutes, about whatever call."""
    return CallEvent.objects.filter(
        call__profile=profile,
        kind=CallEvent.Kind.PIN,
        at__gt=timezone.now() - VALID_FOR,
        detail__result=ASKED,
    ).exists()


def answer(profile: Profile, *, public_id: str, is_theirs: bool, now: datetime) -> str:
    """Verify the call, or refuse the caller; return the key of the answer's text."""
    call = _open_call(profile, public_id)
    if call is None or not _is_asked(call, now):
        return "phone.call_over"
    if not is_theirs:
        # It holds also against a right PIN.
        note(call.pk, DENIED)
        logger.warning("ai.call.denied", call=call.pk)
        return "phone.not_calling"
    if has_step(call.pk, DENIED):
        return "phone.call_over"
    if Call.objects.filter(pk=call.pk, verified_at=None).update(
        verified_at=now, verified_by="whatsapp"
    ):
        note(call.pk, CONFIRMED)
    return "phone.identified"


def _open_call(profile: Profile, public_id: str) -> Call | None:
    """Lock the call, so that two presses are decided one after the other."""
    try:
        named = UUID(public_id)
    except ValueError:
        return None
    return (
        Call.objects.select_for_update(no_key=True)
        .filter(public_id=named, profile=profile, state=Call.State.ATTACHED)
        .first()
    )


def _is_asked(call: Call, now: datetime) -> bool:
    return CallEvent.objects.filter(
        call=call,
        kind=CallEvent.Kind.PIN,
        at__gt=now - VALID_FOR,
        detail__result=ASKED,
    ).exists()

"""Write down what happens in a call: timeline, transcript, turns and language.

The functions are synchronous: a running call calls them with `units.run`, in order.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from agents.calls.transcript import Context, amounts_in, has_number, scrubbed
from agents.content import in_force
from agents.core.errors import LeaseLost
from agents.models import Call, CallEvent, ToolCall, Turn
from agents.tools.registry import PIN_NEEDED
from rollout.flags.exposure import exposure_of

if TYPE_CHECKING:
    from agents.calls.reference import CallRef

Kind = CallEvent.Kind
# Transcripts come late.
LATE_WORDS = timedelta(seconds=30)
MOST_ROWS = 50


def event(
    ref: CallRef | Call,
    kind: CallEvent.Kind,
    *,
    text: str = "",
    is_partial: bool = False,
    is_line: bool = False,
    **detail: Any,
) -> None:
    """Add an entry to the timeline; ``text`` only for HEARD and SAID.

    ``is_line``: the words are a fixed text, which never holds a PIN.
    ``detail`` holds codes, ids and counts: never digits, names or words of a person.
    """
    CallEvent.objects.create(
        call_id=ref.pk,
        kind=kind,
        at=timezone.now(),
        text=scrubbed(text, _context(ref, text, is_line=is_line)),
        is_partial=is_partial,
        detail=detail,
    )


def _context(ref: CallRef | Call, text: str, *, is_line: bool) -> Context:
    if is_line or not has_number(text):
        return Context(is_line=is_line)
    rows = list(
        ToolCall.objects.filter(turn__conversation=ref.conversation_id)
        .order_by("-id")
        .values_list("code", "arguments", "result")[:MOST_ROWS]
    )
    amounts: set[int] = set()
    for _, arguments, result in rows:
        given = [(arguments or {}).get("amount"), (result or {}).get("amount")]
        amounts |= {int(one) for one in map(str, given) if one.isdecimal()}
        amounts |= amounts_in(str((result or {}).get("display", "")))
    is_asked = any(code == PIN_NEEDED for code, _, _ in rows)
    return Context(amounts, is_pin_asked=is_asked and not _was_verified_before(ref))


def _was_verified_before(ref: CallRef | Call) -> bool:
    """A PIN that was said aloud may be heard some time after the right keys."""
    return Call.objects.filter(
        pk=ref.pk, verified_at__lt=timezone.now() - LATE_WORDS
    ).exists()


def attached(ref: CallRef) -> None:
    """Record that the sideband is attached; raise LeaseLost when it is not ours."""
    changed = Call.objects.filter(pk=ref.pk, lease_token=ref.token)
    if not changed.filter(state=Call.State.ATTACHED).exists() and not changed.filter(
        state=Call.State.ACCEPTED
    ).update(state=Call.State.ATTACHED, attached_at=timezone.now()):
        raise LeaseLost
    event(ref, Kind.ATTACHED)


def language(ref: CallRef, code: str, *, by: str) -> None:
    """Record the language that is spoken from here on: by key, words or profile."""
    Call.objects.filter(pk=ref.pk, lease_token=ref.token).update(language=code)
    event(ref, Kind.LANGUAGE, language=code, by=by)


def verified(ref: CallRef, *, by: str) -> bool:
    """Record that the caller proved who they are ("pin" or "whatsapp"), once."""
    return (
        Call.objects.filter(pk=ref.pk, lease_token=ref.token, verified_at=None).update(
            verified_at=timezone.now(), verified_by=by
        )
        == 1
    )


def is_verified(ref: CallRef) -> bool:
    return Call.objects.filter(
        pk=ref.pk, lease_token=ref.token, verified_at__isnull=False
    ).exists()


def open_turn(ref: CallRef) -> int:
    """Begin a turn: one answer of the agent, with its tool calls. Return its id.

    The turn before is closed first: a conversation has one running turn.
    """
    close_turn(ref)
    minutes = settings.VOICE_CALL_HARD_MINUTES + 1
    turn = Turn.objects.create(
        conversation_id=ref.conversation_id,
        lease_token=ref.token,
        lease_expires_at=Now() + timedelta(minutes=minutes),
        correlation_id=ref.correlation_id or uuid.uuid4(),
        exposure=_exposure_fields(ref.subject),
        content_version=in_force.current().version,
        input_ended_at=timezone.now(),
    )
    return turn.pk


def close_turn(ref: CallRef, *, outcome: str = "reply", error_code: str = "") -> None:
    """Close the running turn of the call, if there is one.

    ``outcome``: reply, receipt, confirm, hand_off, silent. With an error code the turn
    counts as failed.
    """
    Turn.objects.filter(
        conversation=ref.conversation_id, status=Turn.Status.RUNNING
    ).update(
        status=Turn.Status.FAILED if error_code else Turn.Status.DONE,
        outcome=outcome,
        error_code=error_code,
        finished_at=timezone.now(),
    )


def _exposure_fields(subject: str) -> dict[str, Any]:
    """Return the features that are on for this person, as turns store them."""
    found = exposure_of(subject)
    return {
        name: getattr(found, name)
        for name in ("chat", "voice", "vouchers", "customer_lookup", "version")
    }

"""Read what the telephone page shows: the call as it is heard, and its rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agents.calls import timeline
from agents.calls.reasons import EndReason, RejectReason
from agents.identity.caller_digest import digests_of
from agents.models import Call, CallEvent, PhonePin
from agents.operations.demonstration import pin_of
from agents.realtime import local
from agents.simulator.page_data import turn_traces
from agents.simulator.phone import client
from easymo.start import SUPERVISOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.calls.timeline import Entry
    from agents.simulator.page_data import TurnTrace
    from easymo.backoffice.actions import Words
    from vouchers.models import Profile, VoucherEvent

CALLS = 3
Kind = CallEvent.Kind
# What ended the call, as its server knows it.
ENDED_BY = {
    "caller": _("The caller hung up."),
    "hangup": _("The agent hung up."),
    "transfer": _("The caller was put through to a person."),
    "unanswered": _("The call was not answered. Is a worker running?"),
    "expired": _("The session ended after 60 minutes."),
}
REASONS: dict[str, Words] = {
    RejectReason.VOICE_OFF: _("Not taken: the phone is off for this caller."),
    RejectReason.BLOCKED: _("Not taken: the caller is blocked."),
    RejectReason.INACTIVE: _("Not taken: the person is not active."),
    RejectReason.SANDBOX: _("Not taken: only sandbox people are served here."),
    RejectReason.OUTSIDE_HOURS: _("Not taken: outside of VOICE_HOURS."),
    RejectReason.BUSY: _("Not taken: VOICE_MAX_CALLS calls are running."),
    RejectReason.CALLER_BUDGET: _("Not taken: this caller's budget of today is used."),
    RejectReason.DAY_BUDGET: _("Not taken: the budget of today is used."),
    RejectReason.CLOSING_DOWN: _("Not taken: the worker is stopping."),
    RejectReason.NO_KEY: _("Not taken: the phone is not configured."),
    RejectReason.PROVIDER_ERROR: _(
        "Not taken: the worker could not reach this server. "
        "Web and worker must run on the same machine."
    ),
}


@dataclass(frozen=True)
class CallTrace:
    """One call with its timeline, and its turns as they are shown for the chat."""

    call: Call
    events: Sequence[Entry]
    turns: Sequence[TurnTrace]
    reason: str

    @property
    def voucher_events(self) -> Sequence[VoucherEvent]:
        # The turns of a call share its correlation id.
        return self.turns[0].events if self.turns else ()


def last_call(person: Profile) -> Call | None:
    return next(iter(_calls(person, 1)), None)


def screen(person: Profile) -> dict[str, Any]:
    """Return what the telephone shows: the running call, or the one before."""
    call = last_call(person)
    picture = client.picture(call.call_id) if call else None
    is_running = picture is not None and picture["state"] in {"ringing", "accepted"}
    lines = picture["lines"] if picture else _recorded(call)
    return {
        "person": person,
        "call": call,
        "picture": picture,
        "lines": lines,
        "state": _state(call, picture, is_running=is_running),
        "is_running": is_running,
        "language": call.language if call else "en",
        "sentence": "" if is_running else _ended(call, picture),
    }


def call_traces(person: Profile) -> dict[str, Any]:
    """Return the last calls with what happened in them."""
    return {"person": person, "calls": [_trace(call) for call in _calls(person, CALLS)]}


def pin_shown(person: Profile) -> str:
    """Return the PIN that the demo data gave, while it is the person's PIN."""
    shown = pin_of(person)
    stored = PhonePin.objects.filter(profile=person).first() if shown else None
    return shown if stored and stored.set_by == "demonstration" else ""


def can_kill_worker() -> bool:
    """Tell whether `make run` watches the worker and starts it again."""
    return bool(settings.DEMONSTRATION and os.environ.get(SUPERVISOR))


def _calls(person: Profile, most: int) -> list[Call]:
    if not person.msisdn:
        return []
    rows = Call.objects.filter(
        caller_hmac__in=digests_of(person.msisdn),
        is_synthetic=True,
        call_id__startswith=local.PREFIX,
    )
    return list(rows.select_related("event", "conversation").order_by("-pk")[:most])


def _state(
    call: Call | None, picture: dict[str, Any] | None, *, is_running: bool
) -> str:
    if call is None:
        return gettext("No call yet")
    if not is_running or picture is None:
        return (
            gettext("Not taken")
            if call.state == Call.State.REJECTED
            else gettext("Call ended")
        )
    if picture["state"] == "ringing":
        return gettext("Ringing…")
    speaks = any(line["state"] == "playing" for line in picture["lines"])
    return gettext("The agent speaks") if speaks else gettext("The agent listens")


def _ended(call: Call | None, picture: dict[str, Any] | None) -> str:
    """Return the sentence about the end of a call."""
    if call is None:
        return ""
    if call.state == Call.State.REJECTED:
        return str(
            REASONS.get(call.reason)
            or gettext("Not taken: {reason}.").format(reason=call.reason)
        )
    found = ENDED_BY.get(picture["ended_by"]) if picture else None
    return str(found or gettext("The call is over."))


def _recorded(call: Call | None) -> list[dict[str, str]]:
    """Return the stored words of a call that no exchange holds any more."""
    if call is None:
        return []
    rows = call.events.filter(kind__in=[Kind.HEARD, Kind.SAID]).order_by("pk")
    return [
        {
            "who": "caller" if row.kind == Kind.HEARD else "agent",
            "words": row.text,
            "state": "cut" if row.is_partial else "heard",
        }
        for row in rows
    ]


def _trace(call: Call) -> CallTrace:
    rows = call.events.order_by("pk")
    turns = call.conversation.turns.order_by("id") if call.conversation else ()
    reason = (
        str(REASONS.get(call.reason, call.reason)) if call.state == "rejected" else ""
    )
    return CallTrace(
        call,
        timeline.entries(rows),
        [trace for trace in turn_traces(_loaded(turns)) if trace.tool_calls],
        reason or _named(call.reason),
    )


def _named(reason: str) -> str:
    known = {str(one) for one in EndReason}
    return reason.replace("_", " ") if reason in known else reason


def _loaded(turns: Any) -> list[Any]:
    return list(turns.prefetch_related("tool_calls", "replies")) if turns else []

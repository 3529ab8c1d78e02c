"""What caused the events of vouchers: the message, call, approval, import or token.

Read for many events at once, by their keys, in a fixed number of queries.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from agents.models import ApiToken, Message, PendingAction, ToolCall, Turn
from agents.operations.audit_runs import KEY as BROKEN_AUDIT
from agents.turns.claim import CONFIRM
from rollout.models import Incident
from vouchers.causes import Cause, Link
from vouchers.models import ApprovalRequest, Batch, ReversalRequest, VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from agents.models import Call

# The keys of tool calls: of a turn, and of a confirmed question.
_TURN = re.compile(r"turn:([0-9]{1,18}):([0-9]{1,4})")
_CONFIRMED = re.compile(r"confirm:([0-9a-f-]{36})")
_BATCH = re.compile(r"batch:([0-9]{1,18})")
Kind = VoucherEvent.Kind
CONVERSATION, CALL = "agents.view_conversation", "agents.view_call"
TOKEN, INCIDENT = "agents.view_apitoken", "rollout.view_incident"
BATCH, CAMPAIGN = "vouchers.view_batch", "vouchers.view_campaign"
REVERSAL, VOUCHER = "vouchers.view_reversalrequest", "vouchers.view_voucher"


@dataclass
class _Rows:
    """The rows that the keys name."""

    turns: dict[int, Turn] = field(default_factory=dict)
    # By turn and ordinal, and by the question that it asked.
    calls: dict[tuple[int, int], ToolCall] = field(default_factory=dict)
    asked: dict[str, ToolCall] = field(default_factory=dict)
    # The last message of each turn, and the press of each button.
    messages: dict[int, Message] = field(default_factory=dict)
    presses: dict[str, Message] = field(default_factory=dict)
    tokens: dict[str, ApiToken] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)
    requests: set[int] = field(default_factory=set)
    # By the redemption that is taken back.
    reversals: dict[int, list[ReversalRequest]] = field(
        default_factory=lambda: defaultdict(list)
    )


def causes(
    events: Sequence[VoucherEvent], *, may: Callable[[str], bool]
) -> dict[int, Cause]:
    """Return the cause of each event, with links to what the reader may see."""
    rows = _read(events)
    found = {}
    for event in events:
        links = [link for needed, link in _links(event, rows) if may(needed)]
        token = rows.tokens.get(event.actor_id) if event.actor_kind == "token" else None
        found[event.pk] = Cause(
            how=_how(event), links=tuple(links), actor=token.name if token else ""
        )
    return found


def open_incident(may: Callable[[str], bool]) -> str:
    """Return the address of the open incident about broken trails; "" without one."""
    if not may(INCIDENT):
        return ""
    row = Incident.objects.filter(dedupe_key=BROKEN_AUDIT).order_by("-pk").first()
    return reverse("admin:rollout_incident_change", args=[row.pk]) if row else ""


def _how(event: VoucherEvent) -> str:
    if not _CONFIRMED.fullmatch(event.key):
        return ""
    by_voice = event.channel == "voice"
    return _("confirmed on the phone") if by_voice else _("confirmed by button")


def _read(events: Sequence[VoucherEvent]) -> _Rows:
    rows = _Rows()
    _read_questions(rows, [e.key for e in events])
    _read_messages(rows)
    tokens = {e.actor_id for e in events if e.actor_kind == "token"}
    for token in ApiToken.objects.filter(pk__in=filter(str.isdecimal, tokens)):
        rows.tokens[str(token.pk)] = token
    batches = filter(None, map(_batch_of, events))
    rows.batches = Batch.objects.defer("lines", "refused").in_bulk(list(batches))
    vouchers = {event.voucher_id for event in events}
    known = ApprovalRequest.objects.filter(pk__in=vouchers)
    rows.requests = set(known.values_list("pk", flat=True))
    for request in ReversalRequest.objects.filter(voucher__in=vouchers).order_by("pk"):
        rows.reversals[request.redemption_id].append(request)
    return rows


def _read_questions(rows: _Rows, keys: Iterable[str]) -> None:
    """Read the tool calls that the keys name, and those that asked by a button."""
    turns: set[int] = set()
    questions: set[UUID] = set()
    for key in keys:
        if found := _TURN.fullmatch(key):
            turns.add(int(found[1]))
        elif found := _CONFIRMED.fullmatch(key):
            questions.add(UUID(found[1]))
    for call in ToolCall.objects.filter(turn__in=turns):
        rows.calls[call.turn_id, call.ordinal] = call
    actions = PendingAction.objects.filter(public_id__in=questions)
    for action in actions.select_related("tool_call"):
        rows.asked[str(action.public_id)] = action.tool_call
        turns.add(action.tool_call.turn_id)
    related = Turn.objects.select_related("conversation__call")
    rows.turns = related.defer("items").in_bulk(list(turns))


def _read_messages(rows: _Rows) -> None:
    """Read the messages of the turns, and the presses of the buttons."""
    said = Message.objects.filter(turn__in=rows.turns)
    for message in said.order_by("sent_at", "id"):
        if message.turn_id is not None:
            rows.messages[message.turn_id] = message
    people = {
        rows.turns[call.turn_id].conversation.profile_id for call in rows.asked.values()
    }
    pressed = Message.objects.filter(
        conversation__profile__in=people,
        button_id__in=[f"{CONFIRM}{name}" for name in rows.asked],
    )
    for message in pressed.order_by("-id"):
        rows.presses[message.button_id.removeprefix(CONFIRM)] = message


def _links(event: VoucherEvent, rows: _Rows) -> Iterator[tuple[str, Link]]:
    """Yield each link with the permission that its page needs."""
    yield from _talk_links(event, rows)
    if event.voucher_id in rows.requests and (
        event.kind == Kind.REQUESTED or event.old_status == "pending_approval"
    ):
        page = reverse("approval", args=[event.voucher_id])
        yield VOUCHER, Link(_("approval"), page)
    for request in _reversals(event, rows):
        page = reverse("admin:vouchers_reversalrequest_change", args=[request.pk])
        yield REVERSAL, Link(_("request"), page)
    if token := rows.tokens.get(event.actor_id if event.actor_kind == "token" else ""):
        page = reverse("admin:agents_apitoken_change", args=[token.pk])
        yield TOKEN, Link(_("API token"), page)
    if batch := rows.batches.get(_batch_of(event) or 0):
        page = reverse("admin:vouchers_batch_change", args=[batch.pk])
        yield BATCH, Link(_("spreadsheet"), page)
        if batch.campaign_id:
            page = reverse("admin:vouchers_campaign_change", args=[batch.campaign_id])
            yield CAMPAIGN, Link(_("campaign"), page)


def _talk_links(event: VoucherEvent, rows: _Rows) -> Iterator[tuple[str, Link]]:
    """Yield links to what was written or said, and to the confirmation."""
    confirmed = _CONFIRMED.fullmatch(event.key)
    asked: ToolCall | None = None
    pk: int | None = None
    if confirmed:
        asked = rows.asked.get(confirmed[1])
        pk = asked.turn_id if asked else None
    elif found := _TURN.fullmatch(event.key):
        pk = int(found[1])
        asked = rows.calls.get((pk, int(found[2])))
    turn = rows.turns.get(pk or 0)
    if turn is None:
        return
    call: Call | None = getattr(turn.conversation, "call", None)
    if call is not None:
        page = reverse("admin:agents_call_change", args=[call.pk])
        yield CALL, Link(_("phone call"), f"{page}#tool-{asked.pk if asked else ''}")
    elif message := rows.messages.get(turn.pk):
        yield CONVERSATION, Link(_("message"), _at(message))
    else:
        page = reverse("admin:agents_conversation_change", args=[turn.conversation_id])
        yield CONVERSATION, Link(_("conversation"), f"{page}#turn-{turn.pk}")
    if confirmed and (press := rows.presses.get(confirmed[1])):
        yield CONVERSATION, Link(_("confirmation"), _at(press))


def _at(message: Message) -> str:
    """Return the address of one message in its conversation."""
    page = reverse("admin:agents_conversation_change", args=[message.conversation_id])
    return f"{page}?message={message.pk}#message-{message.pk}"


def _reversals(event: VoucherEvent, rows: _Rows) -> list[ReversalRequest]:
    """Return the requests about a redemption, at its event and at the reversal."""
    if event.kind == Kind.REVERSED and event.reverses_id:
        return rows.reversals.get(event.reverses_id, [])
    return rows.reversals.get(event.pk, []) if event.kind == Kind.REDEEMED else []


def _batch_of(event: VoucherEvent) -> int | None:
    found = _BATCH.fullmatch(event.actor_id) if event.actor_kind == "system" else None
    return int(found[1]) if found else None

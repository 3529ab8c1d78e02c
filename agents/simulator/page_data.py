"""Read what the simulator shows: the chat, and the turns behind it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext

from agents.core.serving import our_number
from agents.inbound.deduplication import digests_of
from agents.models import Conversation, Message, OutboundMessage, PendingAction, Turn
from agents.outbound import simulated
from easymo.keys import KeyRingError
from easymo.observability.models import LogLine
from rollout.core.probes import is_probe
from vouchers.models import Profile, VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from agents.models import ToolCall

BUBBLES = 60
TURNS = 12

# Kinds that are shown in their own way; others as text.
SHOWN = frozenset({"image", "audio", "location", "sticker"})
# The delivery ticks beside the sandbox person's message.
INBOUND_TICKS = {
    Message.State.WAITING: "delivered",
    Message.State.CLAIMED: "read",
    Message.State.DONE: "read",
}


@dataclass(frozen=True)
class Bubble:
    """One message of the chat."""

    key: str
    at: datetime
    is_ours: bool
    text: str
    ticks: str
    buttons: list[dict[str, str]] = field(default_factory=list)
    note: str = ""
    # text, image, audio, location, sticker
    kind: str = "text"
    # The id of a photo, the name of a place.
    photo: str = ""
    place: str = ""
    seconds: int | None = None
    # The id that a reaction to our message names, and the reaction.
    about: str = ""
    reaction: str = ""


def people() -> list[Profile]:
    """Return the sandbox people without the probes', in the order of their roles."""
    order = {"staff": 0, "station": 1, "customer": 2, "support": 3}
    rows = Profile.objects.filter(is_sandbox=True, is_active=True)
    return sorted(
        (
            row
            for row in rows.select_related("station")
            if not is_probe(str(row.public_id))
        ),
        key=lambda row: (order[row.role], row.name),
    )


def conversation_of(profile: Profile) -> Conversation | None:
    """Return the person's sandbox conversation, if there is one."""
    return Conversation.objects.filter(
        profile=profile, is_synthetic=True, phone_number_id=our_number()
    ).first()


def bubbles(conversation: Conversation | None) -> list[Bubble]:
    """Return the last messages of both sides, oldest first."""
    if conversation is None:
        return []
    theirs = (
        conversation.messages.exclude(kind="reaction")
        .select_related("media")
        .order_by("-id")[:BUBBLES]
    )
    ours = conversation.outbound.select_related("simulated").order_by("-id")[:BUBBLES]
    open_buttons = _open_buttons(conversation)
    reactions = _reactions(conversation)
    found = [_their_bubble(row) for row in theirs]
    found += [
        _our_bubble(row, open_buttons, reactions) for row in ours if _is_delivered(row)
    ]
    return sorted(found, key=lambda bubble: (bubble.at, bubble.is_ours))[-BUBBLES:]


def is_typing(conversation: Conversation | None) -> bool:
    """Tell whether the agent is preparing an answer."""
    if conversation is None:
        return False
    waits = conversation.messages.filter(state=Message.State.WAITING)
    return waits.exists() or conversation.turns.filter(status="running").exists()


def turns(conversation: Conversation | None) -> list[Turn]:
    """Return the last turns with their messages, tool calls and replies."""
    if conversation is None:
        return []
    rows = conversation.turns.order_by("-id").prefetch_related(
        "messages",
        "tool_calls",
        Prefetch("replies", OutboundMessage.objects.order_by("id")),
    )
    return list(rows[:TURNS])


def unanswered(conversation: Conversation | None) -> list[Message]:
    """Return the last messages without a turn, newest first."""
    if conversation is None:
        return []
    states = [Message.State.UNANSWERED, Message.State.LATE, Message.State.FLOODED]
    return list(conversation.messages.filter(state__in=states).order_by("-id")[:3])


def _their_bubble(row: Message) -> Bubble:
    note = {
        Message.State.UNANSWERED: gettext("stored, not answered: the agent was off"),
        Message.State.FLOODED: gettext("stored, not read: too many at once"),
        Message.State.LATE: gettext("stored for a colleague: older than a day"),
    }.get(Message.State(row.state), "")
    media = getattr(row, "media", None)
    is_shown = row.kind in SHOWN
    return Bubble(
        key=f"in-{row.pk}",
        at=row.received_at,
        is_ours=False,
        text=row.text or ("" if is_shown else f"({row.kind})"),
        ticks=INBOUND_TICKS.get(Message.State(row.state), "delivered"),
        note=note,
        kind=row.kind if is_shown else "text",
        photo=media.provider_media_id if media and row.kind == "image" else "",
        seconds=round(media.seconds) if media and media.seconds else None,
        place=_place(row.detail.get("place") or {}) if row.kind == "location" else "",
    )


def _place(place: dict[str, Any]) -> str:
    name = str(place.get("name") or "")
    where = f"{place.get('latitude', '?')}, {place.get('longitude', '?')}"
    return f"{name} ({where})" if name else where


def sandbox_id(row: OutboundMessage) -> str:
    """Return the WhatsApp message id that our message has in the simulator."""
    return f"wamid.SANDBOX{row.public_id.hex}"


def _reactions(conversation: Conversation) -> dict[bytes, str]:
    """Return the last reaction to each message, by the HMAC of its id."""
    rows = conversation.messages.filter(kind="reaction", about_hmac__isnull=False)
    return {
        bytes(row.about_hmac or b""): str(row.detail.get("emoji") or "")
        for row in reversed(rows.order_by("-id")[:BUBBLES])
    }


def _our_bubble(
    row: OutboundMessage, open_buttons: set[str], reactions: dict[bytes, str]
) -> Bubble:
    about = sandbox_id(row)
    buttons = [
        {**button, "is_open": "1" if button["id"] in open_buttons else ""}
        for button in row.extra.get("buttons", [])
    ]
    return Bubble(
        key=f"out-{row.pk}",
        at=row.handed_over_at or row.created_at,
        is_ours=True,
        text=_text_of(row),
        ticks="",
        buttons=buttons,
        note="" if row.state != OutboundMessage.State.FAILED else row.error_code,
        about=about,
        reaction=next((reactions[d] for d in digests_of(about) if d in reactions), ""),
    )


def _text_of(row: OutboundMessage) -> str:
    try:
        return simulated.open_delivery(row.simulated).body
    except KeyRingError:
        return gettext("(encrypted with a missing key)")


def _is_delivered(row: OutboundMessage) -> bool:
    return hasattr(row, "simulated")


def _open_buttons(conversation: Conversation) -> set[str]:
    rows = conversation.pending_actions.filter(
        status=PendingAction.Status.WAITING, expires_at__gt=timezone.now()
    ).values_list("public_id", flat=True)
    return {f"{verb}:{key}" for key in rows for verb in ("confirm", "decline")}


LOG_LINES = 400


@dataclass(frozen=True)
class TurnTrace:
    """A turn with its tool calls, voucher events and log lines."""

    turn: Turn
    tool_calls: Sequence[ToolCall]
    events: Sequence[VoucherEvent]
    lines: Sequence[LogLine]

    @property
    def latency_ms(self) -> int | None:
        """Milliseconds from the end of the quiet time to the first reply sent."""
        ended = self.turn.input_ended_at
        sent = [row.handed_over_at for row in self.turn.replies.all()]
        if ended is None or not sent or sent[0] is None:
            return None
        return round((sent[0] - ended).total_seconds() * 1_000)


def trace_context(person: Profile) -> dict[str, Any]:
    """Return the data of the page's right-hand side."""
    conversation = conversation_of(person)
    return {
        "person": person,
        "conversation": conversation,
        "acts": turn_traces(turns(conversation)),
        "unanswered": unanswered(conversation),
    }


def turn_traces(turns: Sequence[Turn]) -> list[TurnTrace]:
    """Return the turns with their voucher events and log lines, in two queries."""
    ids = [turn.correlation_id for turn in turns]
    events = _grouped(
        VoucherEvent.objects.filter(correlation_id__in=ids)
        .select_related("voucher")
        .order_by("id")
    )
    newest = LogLine.objects.filter(correlation_id__in=ids).order_by("-id")[:LOG_LINES]
    lines = _grouped(reversed(newest))
    return [
        TurnTrace(
            turn=turn,
            tool_calls=list(turn.tool_calls.all()),
            events=events[turn.correlation_id],
            lines=lines[turn.correlation_id],
        )
        for turn in turns
    ]


def _grouped(rows: Iterable[Any]) -> defaultdict[UUID, list[Any]]:
    groups: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.correlation_id].append(row)
    return groups

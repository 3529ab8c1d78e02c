"""Redact a message before it is stored, with the messages just before it.

A person may send a code in several messages, also after an answer of the agent.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from agents.core.code_redaction import PART, redact_among, redact_codes
from agents.core.sealed_bodies import is_sealed, seal
from agents.models import Message, ToolCall, Turn, WebhookEvent
from easymo.observability.logs import get_logger
from vouchers.reading.code_search import unexplained_digits

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

logger = get_logger(__name__)

RECENT = timedelta(minutes=10)
MOST_MESSAGES = 40
# A shorter part may also be an ordinary number of another message.
SHORTEST_PART = 4


def redact_message(message: Message, text: str) -> set[int]:
    """Set the text and the sealed codes; the caller saves the message.

    Where the text completes a code, its parts are taken out of the earlier messages
    and of what a model was shown. Return the webhooks that hold the parts.
    """
    message.text, message.codes_sealed = redact_codes(text)
    # Fifteen digits alone were mistyped; after the sixteenth they are a code.
    if not unexplained_digits(message.text if message.codes_sealed else text):
        return set()
    others = _recent(message)
    newest = sum(other.sent_at <= message.sent_at for other in others)
    texts = [other.text for other in others]
    texts.insert(newest, text)
    redacted = redact_among(texts, newest=newest)
    earlier = [*redacted.texts[:newest], *redacted.texts[newest + 1 :]]
    changed = [
        (other, new)
        for other, new in zip(others, earlier, strict=True)
        if new != other.text
    ]
    if not changed:
        return set()
    message.text, message.codes_sealed = redacted.texts[newest], redacted.codes_sealed
    _take_out(changed)
    events = {message.event_id, *(other.event_id for other, _ in changed)}
    return {event_id for event_id in events if event_id is not None}


def _recent(message: Message) -> list[Message]:
    """Return the messages that may hold the other parts of a code, as sent."""
    rows = (
        Message.objects.filter(
            conversation_id=message.conversation_id,
            received_at__gte=timezone.now() - RECENT,
        )
        .exclude(pk=message.pk)
        .exclude(text="")
        .only("text", "sent_at", "turn_id", "event_id")
        .order_by("-sent_at", "-id")[:MOST_MESSAGES]
    )
    return list(reversed(rows))


def _take_out(changed: Sequence[tuple[Message, str]]) -> None:
    for other, new in sorted(changed, key=lambda each: each[0].pk):
        Message.objects.filter(pk=other.pk).update(text=new)
        _take_out_of_turn(other, _parts_of(other.text, new))
    logger.info("ai.whatsapp.message.code_joined", messages=len(changed) + 1)


def _parts_of(old: str, new: str) -> list[str]:
    """Return what was replaced in the text."""
    rest = old
    parts: list[str] = []
    kept = new.split(PART)
    for before, after in pairwise(kept):
        rest = rest[len(before) :]
        end = rest.find(after) if after else len(rest)
        parts.append(rest[:end])
        rest = rest[end:]
    return [part for part in parts if len(part) >= SHORTEST_PART]


def _take_out_of_turn(message: Message, parts: Sequence[str]) -> None:
    """Take the parts out of what the turn of an earlier message has stored."""
    if message.turn_id is None or not parts:
        return
    for turn in Turn.objects.filter(pk=message.turn_id).only("items"):
        Turn.objects.filter(pk=turn.pk).update(items=_without(turn.items, parts))
    for call in ToolCall.objects.filter(turn_id=message.turn_id).only("arguments"):
        arguments = _without(call.arguments, parts)
        if arguments != call.arguments:
            ToolCall.objects.filter(pk=call.pk).update(arguments=arguments)


def _without(value: Any, parts: Sequence[str]) -> Any:
    if isinstance(value, str):
        for part in parts:
            value = value.replace(part, PART)
        return value
    if isinstance(value, list):
        return [_without(entry, parts) for entry in value]
    if isinstance(value, dict):
        return {key: _without(entry, parts) for key, entry in value.items()}
    return value


def seal_events(event_ids: Collection[int]) -> None:
    """Seal the raw bodies of these webhooks, if they are processed."""
    if not event_ids:
        return
    events = WebhookEvent.objects.filter(
        pk__in=event_ids, body__isnull=False, state=WebhookEvent.State.DONE
    )
    for event in events.order_by("pk").only("body"):
        body = bytes(event.body or b"")
        if not is_sealed(body):
            WebhookEvent.objects.filter(pk=event.pk).update(body=seal(body))

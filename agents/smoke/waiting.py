"""Wait for what a smoke test caused, and read it from the rows."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from agents.models import DeadLetter, Message, OutboundMessage, Turn, WebhookEvent
from agents.outbound import simulated
from agents.smoke.errors import Failed
from easymo.database.clock import LONGEST_SILENCE_S, worker_silence
from easymo.keys import KeyRingError
from easymo.observability.models import LogLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

ANSWERED_WITHIN_S = 30.0
WRITTEN_WITHIN_S = 5.0
PAUSE_S = 0.15
WORKER = "Start a worker: `python manage.py procrastinate worker`; see GET /readyz."


@dataclass(frozen=True, slots=True)
class Heard:
    """What a person on the sandbox telephone got for one message."""

    turn: Turn
    text: str
    buttons: tuple[tuple[str, str], ...]


def until[T](look: Callable[[], T | None], *, seconds: float) -> T | None:
    """Look again and again; between two looks no connection is held."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None or time.monotonic() > end:
            return found
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(PAUSE_S)


def need_worker() -> None:
    """Raise at once where nobody is there to answer."""
    silence = worker_silence()
    if silence is None or silence > LONGEST_SILENCE_S:
        raise Failed("No worker is at work: nobody would answer.", WORKER)


def hear(cause: UUID) -> Heard:
    """Return the reply to what was posted under this correlation id."""
    heard = until(lambda: _heard(cause), seconds=ANSWERED_WITHIN_S)
    if heard is None:
        raise Failed(f"There was no reply within {ANSWERED_WITHIN_S:g} s.", WORKER)
    return heard


def _heard(cause: UUID) -> Heard | None:
    turn = Turn.objects.filter(correlation_id=cause).order_by("-id").first()
    if turn is None:
        _raise_for_refusal(cause)
        return None
    if turn.status == Turn.Status.RUNNING:
        return None
    if turn.status != Turn.Status.DONE:
        raise Failed(
            f"The turn failed ({turn.error_code or turn.status}).",
            "The log of the worker tells more, under the correlation id.",
        )
    replies = list(turn.replies.order_by("id").select_related("simulated"))
    if not replies:
        raise Failed(f"The turn ended without a reply ({turn.outcome}).", "")
    if any(reply.state == OutboundMessage.State.FAILED for reply in replies):
        raise Failed(f"The reply was not delivered ({replies[0].error_code}).", WORKER)
    if not all(hasattr(reply, "simulated") for reply in replies):
        return None
    return _opened(turn, replies)


def _opened(turn: Turn, replies: list[OutboundMessage]) -> Heard:
    try:
        shown = [simulated.open_delivery(reply.simulated) for reply in replies]
    except KeyRingError:
        raise Failed(
            "The reply was sealed with a key that is not here.",
            "EASYMO_KEYS here and at the deployment must be the same.",
        ) from None
    return Heard(
        turn=turn,
        text="\n".join(one.body for one in shown),
        buttons=tuple(button for one in shown for button in one.buttons),
    )


def _raise_for_refusal(cause: UUID) -> None:
    """Say at once what kept the message from being answered."""
    event = WebhookEvent.objects.filter(correlation_id=cause).first()
    if event is None or event.state == WebhookEvent.State.RECEIVED:
        return
    if DeadLetter.objects.filter(event=event).exists():
        raise Failed("The message could not be taken in.", "See Webhooks in the admin.")
    message = Message.objects.filter(event=event).first()
    if message is None:
        raise Failed(
            "The message was taken in for nobody: the deployment does not know our mark.",
            "EASYMO_KEYS, WA_PHONE_ID and the database must be the deployment's.",
        )
    if message.state not in {Message.State.WAITING, Message.State.CLAIMED}:
        raise Failed(
            f"The message was stored and not answered ({message.get_state_display()}).",
            "Turn FEATURE_AGENT_CHAT on, or see the conversation in the admin.",
        )


def check_lines(
    cause: UUID, *, events: Iterable[str], hidden: Iterable[str | None]
) -> int:
    """See that the log tells of it under this id, and shows nobody; count the lines."""
    wanted = set(events)

    def look() -> list[LogLine] | None:
        found = list(LogLine.objects.filter(correlation_id=cause))
        return found if wanted <= {one.event for one in found} else None

    lines = until(look, seconds=WRITTEN_WITHIN_S)
    if lines is None:
        found = set(
            LogLine.objects.filter(correlation_id=cause).values_list("event", flat=True)
        )
        raise Failed(
            f"The log lacks {', '.join(sorted(wanted - found))} under our id.",
            "LOG_LEVEL must be INFO or below, and EASYMO_KEYS the deployment's.",
        )
    text = "\n".join(json.dumps([one.event, one.fields]) for one in lines)
    # Once as it stands, once without what people put between digits.
    joined = re.sub(r"(?<=\d)[\s().-]+(?=\d)", "", text)
    if any(word and (word in text or word in joined) for word in hidden):
        raise Failed(
            "A log line shows a number, a name or a code as it is.",
            "Roll back, and see Leaks: masking is broken.",
        )
    return len(lines)

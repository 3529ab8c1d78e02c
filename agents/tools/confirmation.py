"""Confirm buttons: store the exact operation, and check the press of its button."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from agents.core.locks import lock_action
from agents.models import PendingAction
from agents.tools.base import Pending, ToolResult

if TYPE_CHECKING:
    from datetime import datetime

    from agents.models import Conversation, ToolCall
    from agents.tools.base import Call, Payload

# The code of a tool result that waits for a button.
NEEDED = "confirmation_needed"
VALID_FOR = timedelta(minutes=10)
Status = PendingAction.Status
# The answer to a press when the question no longer waits.
ANSWERS: dict[str, str] = {
    Status.CONFIRMED: "confirm.used",
    Status.DECLINED: "confirm.declined",
    Status.EXPIRED: "confirm.expired",
    Status.REPLACED: "confirm.replaced",
}


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """The pressed action, and the answer when the press does not count."""

    action: PendingAction | None
    # The key of a fixed text; empty when the operation is executed now.
    text: str = ""

    @property
    def counts(self) -> bool:
        return not self.text


def store_question(
    *, conversation: Conversation, tool_call: ToolCall, pending: Pending
) -> PendingAction:
    """Store the operation until its button is pressed; replace an older question.

    The same question keeps its button, so that the press which is already on its way
    counts. Call inside the transaction of the tool call.
    """
    now = timezone.now()
    if same := _waiting_for(conversation, pending.operation, pending.arguments, now):
        same.tool_call, same.expires_at = tool_call, now + VALID_FOR
        same.save(update_fields=["tool_call", "expires_at"])
        return same
    withdraw_question(conversation=conversation, now=now)
    return PendingAction.objects.create(
        conversation=conversation,
        profile_id=conversation.profile_id,
        tool_call=tool_call,
        operation=pending.operation,
        arguments=pending.arguments,
        arguments_sha256=fingerprint(pending.operation, pending.arguments),
        expires_at=now + VALID_FOR,
    )


def withdraw_done(
    *, conversation: Conversation, operation: str, arguments: Payload
) -> None:
    """End the question about an operation that was now executed without its button."""
    now = timezone.now()
    if same := _waiting_for(conversation, operation, arguments, now):
        decide(same, Status.REPLACED, now)


def _waiting_for(
    conversation: Conversation, operation: str, arguments: Payload, now: datetime
) -> PendingAction | None:
    """Return the question about exactly this operation that still waits."""
    return (
        PendingAction.objects.select_for_update()
        .filter(
            conversation=conversation,
            profile_id=conversation.profile_id,
            status=Status.WAITING,
            expires_at__gt=now,
            arguments_sha256=fingerprint(operation, arguments),
        )
        .first()
    )


def withdraw_question(*, conversation: Conversation, now: datetime) -> None:
    """End the question that still waits, if there is one."""
    waiting = PendingAction.objects.filter(
        conversation=conversation, status=Status.WAITING
    )
    waiting.filter(expires_at__lte=now).update(status=Status.EXPIRED, decided_at=now)
    waiting.filter(expires_at__gt=now).update(status=Status.REPLACED, decided_at=now)


def is_waiting(conversation: Conversation) -> bool:
    """Tell whether a question waits for its button."""
    return PendingAction.objects.filter(
        conversation=conversation,
        status=Status.WAITING,
        expires_at__gt=timezone.now(),
    ).exists()


def check_press(
    *, button_id: str, conversation: Conversation, now: datetime
) -> ButtonPress:
    """Lock the action that the button names and check whether the press counts.

    A button is single-use, valid for 10 minutes, and bound to the person, the chat and
    the exact arguments. The conversation, not the button, tells who pressed it.
    """
    action = _named(button_id)
    if action is None or not _is_asked_in(action, conversation):
        # The same answer for an unknown button and for one of another person.
        return ButtonPress(None, "confirm.foreign")
    if action.status == Status.WAITING and action.expires_at <= now:
        decide(action, Status.EXPIRED, now)
    if text := ANSWERS.get(action.status):
        return ButtonPress(action, text)
    if not hmac.compare_digest(
        bytes(action.arguments_sha256),
        fingerprint(action.operation, action.arguments),
    ):
        decide(action, Status.REPLACED, now)
        return ButtonPress(action, "confirm.replaced")
    return ButtonPress(action)


def _is_asked_in(action: PendingAction, conversation: Conversation) -> bool:
    """Tell whether the question is for the person of this conversation, and from it.

    A question that was asked on the phone may be answered in the same person's chat, and
    never the other way round.
    """
    if action.profile_id != conversation.profile_id:
        return False
    if action.conversation_id == conversation.pk:
        return True
    return action.conversation.channel == "voice" and conversation.channel == "whatsapp"


def decide(action: PendingAction, status: str, now: datetime) -> None:
    """Record the decision once."""
    if action.status == Status.WAITING:
        action.status = status
        action.decided_at = now
        action.save(update_fields=["status", "decided_at"])


def fingerprint(operation: str, arguments: dict[str, Any]) -> bytes:
    """Return the digest of one operation with exactly these arguments."""
    exact = json.dumps([operation, arguments], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(exact.encode()).digest()


def _named(button_id: str) -> PendingAction | None:
    _, _, name = button_id.partition(":")
    try:
        return lock_action(UUID(name))
    except ValueError:
        return None


def ask_by_button(
    call: Call, operation: str, arguments: Payload, question: str
) -> ToolResult:
    """Return a result that asks for the confirm button of exactly this operation."""
    return ToolResult(
        {
            "success": False,
            "code": NEEDED,
            "error": "The person is asked to press a button; nothing is changed yet.",
            "display": question,
        },
        pending=Pending(
            operation=operation,
            arguments=arguments,
            question=question,
        ),
    )

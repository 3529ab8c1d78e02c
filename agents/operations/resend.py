"""Send a failed message again, or give it up, by a colleague's decision."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.errors import ResendRefused
from agents.core.jobs import enqueue_delivery
from agents.core.locks import lock_conversation
from agents.core.serving import may_answer
from agents.handoff.handoff import why_unreachable
from agents.models import ColleagueAct, OutboundMessage
from agents.outbound.outbox import OPTED_OUT
from agents.whatsapp.error_table import Action, rule_for
from easymo.observability.logs import get_logger
from easymo.sentences import translatable

if TYPE_CHECKING:
    from agents.models import Conversation

logger = get_logger(__name__)

State = OutboundMessage.State
Kind = OutboundMessage.Kind
# As long as a confirm button is valid.
BUTTONS_COUNT_FOR = timedelta(minutes=10)
OWN_NUMBER = "131021"
REFUSALS = {
    OPTED_OUT: "The customer does not want such messages: WhatsApp refused it.",
    OWN_NUMBER: "It was addressed to our own number.",
}


def send_again(*, message: OutboundMessage, reason: str, actor: str) -> bool:
    """Queue a failed message once more; False if it is queued already.

    Raises a HandOffError that says why not; nothing is then changed.
    """
    with transaction.atomic():
        conversation = lock_conversation(message.conversation_id)
        row = _lock(message.pk)
        if row.state != State.FAILED:
            return False
        if refusal := why_not(row, conversation):
            raise refusal
        _queue(row)
        _record(row, ColleagueAct.Kind.SENT_AGAIN, actor, reason)
        enqueue_delivery(conversation_id=conversation.pk)
    logger.info("ai.whatsapp.send.again", outbound_id=message.pk)
    return True


def give_up(*, message: OutboundMessage, reason: str, actor: str) -> bool:
    """Give up a failed message; False if it was given up already."""
    with transaction.atomic():
        lock_conversation(message.conversation_id)
        row = _lock(message.pk)
        if row.state != State.FAILED or row.given_up_at is not None:
            return False
        row.given_up_at = timezone.now()
        row.save(update_fields=["given_up_at"])
        _record(row, ColleagueAct.Kind.GAVE_UP, actor, reason)
    logger.info("ai.whatsapp.send.given_up", outbound_id=message.pk)
    return True


def why_not(message: OutboundMessage, conversation: Conversation) -> Exception | None:
    """Return why the message cannot be sent again, or None."""
    if sentence := _permanent_refusal(message):
        return ResendRefused(sentence)
    unreachable = why_unreachable(
        conversation, needs_window=message.kind != Kind.TEMPLATE
    )
    if unreachable is not None:
        return unreachable
    if not message.written_by and not may_answer(conversation.profile):
        return ResendRefused(translatable("The agent is off for this person."))
    return None


def _permanent_refusal(message: OutboundMessage) -> str:
    if message.given_up_at is not None:
        return "It was given up."
    if not message.body and not message.extra:
        return "Its text was deleted: there is nothing to send."
    if message.error_code in REFUSALS:
        return REFUSALS[message.error_code]
    if rule_for(message.error_code).action == Action.BUG:
        return "WhatsApp does not understand it: it would fail again."
    age = timezone.now() - message.created_at
    if message.kind == Kind.BUTTONS and age > BUTTONS_COUNT_FOR:
        return "Its buttons have expired: the question has to be asked again."
    return ""


def _queue(message: OutboundMessage) -> None:
    OutboundMessage.objects.filter(pk=message.pk).update(
        state=State.QUEUED,
        attempts=0,
        error_code="",
        next_attempt_at=None,
        lease_expires_at=None,
        handed_over_at=None,
        # A new attempt gets a new id; statuses of the first are found by our own id.
        provider_id="",
        provider_id_hmac=None,
        # It counts as a first attempt, and is not a probe.
        was_in_doubt=False,
        is_probe=False,
        sender_holds=0,
    )


def _lock(message_id: int) -> OutboundMessage:
    return OutboundMessage.objects.select_for_update(of=("self",), no_key=True).get(
        pk=message_id
    )


def _record(
    message: OutboundMessage, kind: ColleagueAct.Kind, actor: str, reason: str
) -> None:
    ColleagueAct.objects.create(
        conversation_id=message.conversation_id,
        kind=kind,
        actor=actor,
        reason=reason,
        outbound=message,
    )

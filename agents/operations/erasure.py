"""Erase a person from all conversations: their own, and those that name them.

Vouchers, events and their hashes stay unchanged. A message of another person that
holds the number in any spelling, or the whole name, is blanked completely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import phonenumbers
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from agents.models import (
    Block,
    ColleagueAct,
    Conversation,
    HandOff,
    Identity,
    IdentityClaim,
    Media,
    MediaPart,
    Message,
    MessageStatus,
    OutboundMessage,
    PendingAction,
    SimulatedDelivery,
    ToolCall,
    Turn,
)
from easymo.observability.logs import get_logger
from rollout.models import CohortMember
from vouchers.services import erase

if TYPE_CHECKING:
    from vouchers.models import Profile

logger = get_logger(__name__)

# Table, searched text, and what the row becomes.
TEXTS = (
    ("agents_message", "text", "text = '', codes_sealed = NULL"),
    ("agents_outboundmessage", "body || extra::text", "body = '', extra = '{}'"),
    ("agents_turn", "items::text", "items = '[]'"),
    (
        "agents_toolcall",
        "arguments::text || coalesce(result::text, '')",
        "arguments = '{}', result = NULL",
    ),
    ("agents_pendingaction", "arguments::text", "arguments = '{}'"),
    ("agents_conversation", "memory::text", "memory = '{}'"),
    ("agents_handoff", "reason || ' ' || resolution", "reason = '', resolution = ''"),
    ("agents_colleagueact", "reason", "reason = ''"),
    ("agents_block", "reason || ' ' || lift_reason", "reason = '—', lift_reason = ''"),
)
# Raw bytes are searched as they are: numbers, ids and plain names are ASCII.
BYTES = (
    ("agents_webhookevent", "body", "body = NULL", "state <> 'received'"),
    ("agents_realtimeevent", "body", "body = NULL", "TRUE"),
    ("agents_forwardeditem", "content", "content = NULL", "state <> 'queued'"),
)


def erase_person(*, profile: Profile, reason: str, actor: str) -> bool:
    """Erase the person for good; False if they were erased before.

    Raises StillHoldsVouchers, InvalidReason or InvalidRequest; nothing is then
    changed. A running turn ends without an answer. The person may write again, as a
    new one.
    """
    with transaction.atomic():
        person = erase.lock_profile(profile)
        conversations = Conversation.objects.select_for_update().filter(profile=person)
        ids = list(conversations.order_by("pk").values_list("pk", flat=True))
        names = list(Identity.objects.filter(profile=person).values_list("value"))
        known = {value for (value,) in names if len(value) >= erase.SHORTEST_NAME}
        number, called = person.msisdn, erase.names_of(person)
        if not erase.erase_profile(profile=person, reason=reason, actor=actor):
            return False
        _erase_raw_bodies(ids, number, known | called)
        _erase_conversations(person, ids)
        _erase_identities(person)
        _erase_mentions(number, called)
    logger.warning("profile.erased", profile_id=profile.pk)
    return True


def sweep_erased() -> int:
    """Blank messages that arrived while their person was being erased."""
    people = Q(conversation__profile__erased_at__isnull=False)
    inbound = Message.objects.filter(people).exclude(text="", provider_id="")
    outbound = OutboundMessage.objects.filter(people).exclude(body="", provider_id="")
    return (
        inbound.update(text="", provider_id="", codes_sealed=None)
    ) + outbound.update(body="", extra={}, provider_id="", recipient={})


def _erase_conversations(profile: Profile, ids: list[int]) -> None:
    turns = Turn.objects.filter(conversation__in=ids)
    # A worker that runs it finds its lease gone.
    abandoned = {"status": Turn.Status.ABANDONED, "error_code": "erased"}
    turns.filter(status=Turn.Status.RUNNING).update(
        **abandoned, finished_at=timezone.now()
    )
    turns.update(items=[])
    ToolCall.objects.filter(turn__conversation__in=ids).update(
        arguments={}, result=None, provider_call_id=""
    )
    PendingAction.objects.filter(conversation__in=ids).update(
        arguments={}, code_sealed=None
    )
    inbound = Message.objects.filter(conversation__in=ids)
    inbound.filter(state__in=["waiting", "claimed"]).update(state="unanswered")
    inbound.update(text="", provider_id="", codes_sealed=None, button_id="", detail={})
    MediaPart.objects.filter(media__message__in=inbound).delete()
    Media.objects.filter(message__in=inbound).update(
        filename="", provider_media_id="", told_sha256="", sha256=None
    )
    outbound = OutboundMessage.objects.filter(conversation__in=ids)
    outbound.filter(state="queued").update(state="cancelled")
    outbound.update(body="", extra={}, provider_id="", recipient={}, errors=[])
    MessageStatus.objects.filter(outbound__in=outbound).update(recipient={}, errors=[])
    SimulatedDelivery.objects.filter(outbound__in=outbound).delete()
    ColleagueAct.objects.filter(conversation__in=ids).update(reason="")
    Conversation.objects.filter(pk__in=ids).update(
        memory={}, language="", username="", paused_at=None, paused_until=None
    )


def _erase_identities(profile: Profile) -> None:
    Identity.objects.filter(profile=profile).delete()
    claims = Q(profile=profile) | Q(other=profile)
    # A dispute names the identities; blanked, two disputes would be equal.
    IdentityClaim.objects.filter(claims).delete()
    HandOff.objects.filter(profile=profile).update(reason="", resolution="")
    HandOff.objects.filter(profile=profile, closed_at=None).update(
        closed_at=timezone.now(), closed_by="system"
    )
    Block.objects.filter(profile=profile).update(reason="—", lift_reason="")
    CohortMember.objects.filter(subject=str(profile.public_id)).delete()


def _erase_raw_bodies(ids: list[int], number: str | None, names: set[str]) -> None:
    """Delete raw bodies that hold the person's messages, number or identities."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE agents_webhookevent SET body = NULL WHERE body IS NOT NULL AND id IN"
            " (SELECT event_id FROM agents_message WHERE conversation_id = ANY(%s))",
            [ids],
        )
        wanted = set(names)
        if number:
            wanted.add(number.removeprefix("+"))
        for table, column, blank, condition in BYTES:
            for word in wanted:
                cursor.execute(
                    f"UPDATE {table} SET {blank} WHERE {column} IS NOT NULL"  # noqa: S608
                    f" AND {condition} AND position(%s::bytea IN {column}) > 0",
                    [word.encode()],
                )


def _erase_mentions(number: str | None, names: set[str]) -> None:
    with connection.cursor() as cursor:
        for table, words, blank in TEXTS:
            if number:
                cursor.execute(
                    f"UPDATE {table} SET {blank} WHERE"  # noqa: S608
                    f" regexp_replace({words}, '[^0-9]', '', 'g') LIKE %s",
                    [f"%{_national(number)}%"],
                )
            for name in names:
                cursor.execute(
                    f"UPDATE {table} SET {blank} WHERE"  # noqa: S608
                    f" position(lower(%s) IN lower({words})) > 0",
                    [name],
                )


def _national(number: str) -> str:
    """Return the digits that all spellings of the number share."""
    digits = str(phonenumbers.parse(number).national_number)
    return digits if len(digits) >= 7 else number.removeprefix("+")

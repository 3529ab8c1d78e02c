"""Forget a person everywhere in the conversations: hers, and where others named her.

Vouchers, events and their hashes stay as they are. In the words of others a message
that holds her number in any spelling, or her whole name, is blanked as a whole: rather
a transcript too much than her name in one.
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

# Column that is searched -> what the row keeps.
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
# Raw bytes are read as Latin-1: numbers, ids and plain names look the same in it.
BYTES = (
    ("agents_webhookevent", "body", "body = NULL", "state <> 'received'"),
    ("agents_realtimeevent", "body", "body = NULL", "TRUE"),
    ("agents_forwardeditem", "content", "content = NULL", "state <> 'queued'"),
)


def erase_person(*, profile: Profile, reason: str, actor: str) -> bool:
    """Forget the person for good; False when she was forgotten before.

    Raises StillHoldsVouchers, InvalidReason, InvalidRequest; nothing is then changed. A turn of hers
    that is running ends without an answer. She may come back as a new person.
    """
    with transaction.atomic():
        held = erase.lock_profile(profile)
        talks = Conversation.objects.select_for_update().filter(profile=held)
        ids = list(talks.order_by("pk").values_list("pk", flat=True))
        names = list(Identity.objects.filter(profile=held).values_list("value"))
        known = {value for (value,) in names if len(value) >= erase.SHORTEST_NAME}
        number, name = held.msisdn, held.name
        if not erase.erase_profile(profile=held, reason=reason, actor=actor):
            return False
        _forget_raw(ids, number, known | ({name} if len(name) >= 3 else set()))
        _forget_talks(held, ids)
        _forget_names(held)
        _forget_in_words_of_others(number, name)
    logger.warning("profile.erased", profile_id=profile.pk)
    return True


def sweep_erased() -> int:
    """Forget what arrived for forgotten people while they were being forgotten."""
    people = Q(conversation__profile__erased_at__isnull=False)
    heard = Message.objects.filter(people).exclude(text="", provider_id="")
    said = OutboundMessage.objects.filter(people).exclude(body="", provider_id="")
    return (heard.update(text="", provider_id="", codes_sealed=None)) + said.update(
        body="", extra={}, provider_id="", recipient={}
    )


def _forget_talks(profile: Profile, ids: list[int]) -> None:
    turns = Turn.objects.filter(conversation__in=ids)
    # A worker that is at it finds its lease gone.
    from_now = {"status": Turn.Status.ABANDONED, "error_code": "erased"}
    turns.filter(status=Turn.Status.RUNNING).update(
        **from_now, finished_at=timezone.now()
    )
    turns.update(items=[])
    ToolCall.objects.filter(turn__conversation__in=ids).update(
        arguments={}, result=None, provider_call_id=""
    )
    PendingAction.objects.filter(conversation__in=ids).update(
        arguments={}, code_sealed=None
    )
    heard = Message.objects.filter(conversation__in=ids)
    heard.filter(state__in=["waiting", "claimed"]).update(state="unanswered")
    heard.update(text="", provider_id="", codes_sealed=None, button_id="", detail={})
    MediaPart.objects.filter(media__message__in=heard).delete()
    Media.objects.filter(message__in=heard).update(
        filename="", provider_media_id="", told_sha256="", sha256=None
    )
    said = OutboundMessage.objects.filter(conversation__in=ids)
    said.filter(state="queued").update(state="cancelled")
    said.update(body="", extra={}, provider_id="", recipient={}, errors=[])
    MessageStatus.objects.filter(outbound__in=said).update(recipient={}, errors=[])
    SimulatedDelivery.objects.filter(outbound__in=said).delete()
    ColleagueAct.objects.filter(conversation__in=ids).update(reason="")
    Conversation.objects.filter(pk__in=ids).update(
        memory={}, language="", username="", paused_at=None, paused_until=None
    )


def _forget_names(profile: Profile) -> None:
    Identity.objects.filter(profile=profile).delete()
    claims = Q(profile=profile) | Q(other=profile)
    # What was asked about her names tells them; blanked, two would be one.
    IdentityClaim.objects.filter(claims).delete()
    HandOff.objects.filter(profile=profile).update(reason="", resolution="")
    HandOff.objects.filter(profile=profile, closed_at=None).update(
        closed_at=timezone.now(), closed_by="system"
    )
    Block.objects.filter(profile=profile).update(reason="—", lift_reason="")
    CohortMember.objects.filter(subject=str(profile.public_id)).delete()


def _forget_raw(ids: list[int], number: str | None, names: set[str]) -> None:
    """Drop the webhooks that hold her messages, and those that hold her names."""
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


def _forget_in_words_of_others(number: str | None, name: str) -> None:
    with connection.cursor() as cursor:
        for table, words, blank in TEXTS:
            if number:
                cursor.execute(
                    f"UPDATE {table} SET {blank} WHERE"  # noqa: S608
                    f" regexp_replace({words}, '[^0-9]', '', 'g') LIKE %s",
                    [f"%{_national(number)}%"],
                )
            if len(name) >= erase.SHORTEST_NAME:
                cursor.execute(
                    f"UPDATE {table} SET {blank} WHERE"  # noqa: S608
                    f" position(lower(%s) IN lower({words})) > 0",
                    [name],
                )


def _national(number: str) -> str:
    """Return what all spellings of the number share."""
    digits = str(phonenumbers.parse(number).national_number)
    return digits if len(digits) >= 7 else number.removeprefix("+")

"""Erase a person from all conversations: their own, and those that name them.

Vouchers, events and their hashes stay unchanged. What is the person's own is erased in
one transaction. Then `mention_search` blanks each message of another person that holds
the number in any spelling, or the whole name.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from agents.models import (
    Block,
    Call,
    CallEvent,
    ColleagueAct,
    Conversation,
    HandOff,
    Identity,
    IdentityClaim,
    Media,
    MediaPart,
    MentionSearch,
    Message,
    MessageStatus,
    OutboundMessage,
    PendingAction,
    PhonePin,
    PinLink,
    RealtimeEvent,
    SimulatedDelivery,
    ToolCall,
    Turn,
)
from agents.operations import mention_search
from easymo.observability.logs import get_logger
from rollout.flags import cohorts
from vouchers.services import erase

if TYPE_CHECKING:
    from vouchers.models import Profile

logger = get_logger(__name__)

# Writes that were under way at an erasure have ended by then.
SWEPT = timedelta(days=2)
NUMBERS = {Identity.Kind.WA_ID}


def erase_person(*, profile: Profile, reason: str, actor: str) -> MentionSearch | None:
    """Erase what is the person's own, for good; None if they were erased before.

    Returns the search for them in what others wrote: the caller runs it, and the worker
    continues it. Raises StillHoldsVouchers, InvalidReason or InvalidRequest; nothing is
    then changed. A running turn ends without an answer. The person may write again, as
    a new one.
    """
    with transaction.atomic():
        # Voucher operations take the fence before the row of a person, too.
        cohorts.remove_everywhere(str(profile.public_id), actor, reason="erased")
        person = erase.lock_profile(profile)
        conversations = Conversation.objects.select_for_update().filter(profile=person)
        ids = list(conversations.order_by("pk").values_list("pk", flat=True))
        words = _search_words(person)
        if not erase.erase_profile(profile=person, reason=reason, actor=actor):
            return None
        _erase_raw_bodies(ids)
        _erase_conversations(person, ids)
        _erase_calls(person)
        _erase_identities(person)
        search = mention_search.begin(erasure=person.erasure, words=words)
    logger.warning("profile.erased", profile_id=profile.pk)
    return search


def _search_words(profile: Profile) -> mention_search.Words:
    """Collect what names the person, before it is erased."""
    identities = Identity.objects.filter(profile=profile)
    numbers = {profile.msisdn} if profile.msisdn else set()
    ids = set()
    for kind, value, superseded_at in identities.values_list(
        "kind", "value", "superseded_at"
    ):
        if kind in NUMBERS:
            # A number that was given up may be another person's now.
            numbers |= {value} if superseded_at is None else set()
        elif kind != Identity.Kind.LEFT_NUMBER and len(value) >= erase.SHORTEST_NAME:
            ids.add(value)
    return mention_search.Words(
        numbers=tuple(sorted(numbers)),
        names=tuple(sorted(erase.names_of(profile))),
        ids=tuple(sorted(ids)),
    )


def sweep_erased() -> int:
    """Blank what arrived while its person was being erased."""
    recent = MentionSearch.objects.filter(created_at__gt=timezone.now() - SWEPT)
    people = recent.values_list("erasure__profile_id", flat=True)
    chats = list(
        Conversation.objects.filter(profile__in=list(people)).values_list(
            "pk", flat=True
        )
    )
    own = Q(conversation__in=chats)
    inbound = Message.objects.filter(own).exclude(text="", provider_id="", detail={})
    outbound = OutboundMessage.objects.filter(own).exclude(body="", provider_id="")
    parts = MediaPart.objects.filter(media__message__conversation__in=chats)
    words = CallEvent.objects.filter(call__profile__in=list(people)).exclude(text="")
    return (
        inbound.update(text="", provider_id="", codes_sealed=None, detail={})
        + outbound.update(body="", extra={}, provider_id="", recipient={})
        + parts.delete()[0]
        + words.update(text="")
    )


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


def _erase_calls(profile: Profile) -> None:
    """Blank the words of their calls; the figures and the timeline stay."""
    own = Call.objects.filter(profile=profile)
    CallEvent.objects.filter(call__in=own).exclude(text="").update(text="")
    RealtimeEvent.objects.filter(call__in=own).update(body=None)
    own.update(caller_hmac=None, caller_masked="", language="")


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
    PinLink.objects.filter(profile=profile).delete()
    PhonePin.objects.filter(profile=profile).delete()


def _erase_raw_bodies(ids: list[int]) -> None:
    """Delete the raw bodies of the person's own messages."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE agents_webhookevent SET body = NULL WHERE body IS NOT NULL AND id IN"
            " (SELECT event_id FROM agents_message WHERE conversation_id = ANY(%s))",
            [ids],
        )

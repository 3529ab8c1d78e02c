"""Mentions of a person in every place where another person can write them."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.utils import timezone

from agents.models import (
    Block,
    CallEvent,
    ColleagueAct,
    Conversation,
    ForwardedItem,
    HandOff,
    Identity,
    IdentityClaim,
    Media,
    MentionSearch,
    Message,
    OutboundMessage,
    PendingAction,
    RealtimeEvent,
    ToolCall,
    Turn,
    WebhookEvent,
)
from agents.operations import erasure, mention_search
from tests.agents.calls.callers import ended
from tests.agents.cast import make_cast
from vouchers.actors import Actor
from vouchers.models import (
    AuthorityChange,
    ReversalRequest,
    Station,
    VoucherEvent,
    VoucherNote,
)
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db import models

    from tests.agents.cast import Cast, Person

NAME, NUMBER, BSUID = "Aline Uwamahoro", "+250788100001", "RW.20417793355801246"
ABOUT = {
    "number": f"ring {NUMBER} now",
    "spelled number": "ring 0788 100-001 now",
    "name": f"ring {NAME} now",
    "name in capitals": f"ring {NAME.upper()} now",
}
NOT_ABOUT = "ring Uwa on +250788100002"


def make_named_cast() -> Cast:
    cast = make_cast()
    cast.aline.profile.name = NAME
    cast.aline.profile.save()
    Identity.objects.create(
        kind=Identity.Kind.BSUID, value=BSUID, profile=cast.aline.profile
    )
    return cast


def erase(cast: Cast) -> MentionSearch:
    search = erasure.erase_person(
        profile=cast.aline.profile, reason="The customer asked.", actor="odette"
    )
    assert search is not None
    return search


def finish(search: MentionSearch) -> MentionSearch:
    for _ in mention_search.run(search.pk, batches=10_000):
        pass
    search.refresh_from_db()
    return search


def advance(search: MentionSearch) -> None:
    """Let the worker go on to the end.

    It waits for older transactions on the server; other tests may have some open.
    """
    end = time.monotonic() + 120
    while time.monotonic() < end:
        mention_search.advance()
        search.refresh_from_db()
        if search.finished_at is not None:
            return
        time.sleep(0.05)
    raise AssertionError("The search was never finished.")


def new_turn(person: Person, **values: Any) -> Turn:
    return Turn.objects.create(
        conversation=person.chat,
        status=Turn.Status.DONE,
        lease_token=uuid.uuid4(),
        lease_expires_at=timezone.now(),
        finished_at=timezone.now(),
        correlation_id=uuid.uuid4(),
        **values,
    )


def new_event(text: str, state: str = "done") -> WebhookEvent:
    return WebhookEvent.objects.create(
        body=text.encode(), sha256=b"x" * 32, correlation_id=uuid.uuid4(), state=state
    )


def new_call(person: Person, **values: Any) -> ToolCall:
    return ToolCall.objects.create(turn=new_turn(person), ordinal=0, name="t", **values)


def new_media(person: Person, text: str) -> Media:
    return Media.objects.create(message=person.writes("x"), kind="image", filename=text)


def new_action(person: Person, text: str) -> PendingAction:
    return PendingAction.objects.create(
        conversation=person.chat,
        profile=person.profile,
        tool_call=new_call(person),
        operation="t",
        arguments={"note": text},
        arguments_sha256=b"x" * 32,
        status="expired",
        decided_at=timezone.now(),
        expires_at=timezone.now(),
    )


def new_claim(person: Person, text: str) -> IdentityClaim:
    return IdentityClaim.objects.create(
        kind="shared",
        profile=person.profile,
        bsuid=uuid.uuid4().hex,
        state="apart",
        decided_at=timezone.now(),
        decided_by="odette",
        reason=text,
    )


def new_note(person: Person, text: str, cast: Cast) -> VoucherNote:
    voucher = issue_voucher(
        customer=person.profile,
        amount=Money(1_000, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key=uuid.uuid4().hex,
    ).voucher
    account, _ = User.objects.get_or_create(username="odette")
    void_voucher(
        voucher_id=voucher.public_id,
        reason=text,
        actor=Actor.of_user(account),
        key=uuid.uuid4().hex,
    )
    return VoucherNote.objects.latest("id")


def new_reversal(person: Person, text: str, cast: Cast) -> ReversalRequest:
    station, _ = Station.objects.get_or_create(code="REMERA", name="Remera")
    issued = issue_voucher(
        customer=person.profile,
        amount=Money(1_000, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key=uuid.uuid4().hex,
    )
    redeem_voucher(
        code=issued.code,
        station=station,
        actor=Actor.system("tests"),
        key=uuid.uuid4().hex,
    )
    account, _ = User.objects.get_or_create(username="odette")
    made = ReversalRequest.objects.create(
        voucher=issued.voucher,
        redemption=VoucherEvent.objects.get(voucher=issued.voucher, kind="redeemed"),
        asked_by_kind="user",
        asked_by_id="1",
        channel="admin",
        key=uuid.uuid4().hex,
        fingerprint=b"",
        reason=text,
        asked_at=timezone.now(),
        decision="waiting",
    )
    ReversalRequest.objects.filter(pk=made.pk).update(
        decision="refused",
        decided_by=account,
        decided_at=timezone.now(),
        decision_reason=text,
    )
    return made


def new_log_entry(text: str) -> LogEntry:
    account, _ = User.objects.get_or_create(username="odette")
    return LogEntry.objects.create(
        user=account, action_flag=CHANGE, object_repr=text, change_message=text
    )


def new_block(person: Person, text: str) -> Block:
    return Block.objects.create(
        profile=person.profile,
        reason=text,
        blocked_by="odette",
        lifted_at=timezone.now(),
        lifted_by="odette",
        lift_reason=text,
    )


def with_memory(person: Person, text: str) -> Conversation:
    return Conversation.objects.create(
        profile=person.profile, phone_number_id=uuid.uuid4().hex, memory={"asked": text}
    )


def new_message(person: Person, text: str, **values: Any) -> Message:
    message = person.writes("hello")
    Message.objects.filter(pk=message.pk).update(**{"text": text, **values})
    return message


def new_words(person: Person, text: str) -> CallEvent:
    call = ended(str(person.profile.msisdn))
    return CallEvent.objects.create(
        call=call, kind="heard", at=timezone.now(), text=text
    )


def new_forwarded(text: str) -> ForwardedItem:
    return ForwardedItem.objects.create(
        lane=b"l" * 32,
        key=uuid.uuid4().bytes * 2,
        event=new_event("{}"),
        kind="message",
        reason="feature_off",
        content=text.encode(),
        state="expired",
    )


# What another person or a colleague writes, by table.
PLACES: dict[str, Callable[[Cast, str], models.Model]] = {
    "agents_webhookevent": lambda _, text: new_event(text),
    "agents_realtimeevent": lambda _, text: RealtimeEvent.objects.create(
        webhook_id=uuid.uuid4().hex,
        body=text.encode(),
        sha256=b"x" * 32,
        correlation_id=uuid.uuid4(),
    ),
    "agents_forwardeditem": lambda _, text: new_forwarded(text),
    "agents_message": lambda cast, text: new_message(cast.bosco, text),
    "agents_message (card)": lambda cast, text: new_message(
        cast.bosco, "", detail={"contacts": [text]}
    ),
    "agents_media": lambda cast, text: new_media(cast.bosco, text),
    "agents_outboundmessage": lambda cast, text: OutboundMessage.objects.create(
        conversation=cast.bosco.chat, cause=uuid.uuid4().hex, body=text
    ),
    "agents_outboundmessage (template)": lambda cast, text: (
        OutboundMessage.objects.create(
            conversation=cast.bosco.chat,
            cause=uuid.uuid4().hex,
            extra={"parameters": [text]},
        )
    ),
    "agents_callevent": lambda cast, text: new_words(cast.bosco, text),
    "agents_turn": lambda cast, text: new_turn(cast.bosco, items=[{"content": text}]),
    "agents_toolcall": lambda cast, text: new_call(cast.bosco, arguments={"q": text}),
    "agents_toolcall (result)": lambda cast, text: new_call(
        cast.bosco, result={"name": text}
    ),
    "agents_pendingaction": lambda cast, text: new_action(cast.bosco, text),
    "agents_conversation": lambda cast, text: with_memory(cast.bosco, text),
    "agents_handoff": lambda cast, text: HandOff.objects.create(
        kind="asked",
        profile=cast.bosco.profile,
        reason=text,
        resolution=text,
        closed_at=timezone.now(),
    ),
    "agents_colleagueact": lambda cast, text: ColleagueAct.objects.create(
        conversation=cast.bosco.chat, kind="answered", actor="odette", reason=text
    ),
    "agents_block": lambda cast, text: new_block(cast.bosco, text),
    "agents_identityclaim": lambda cast, text: new_claim(cast.bosco, text),
    "voucher_note": lambda cast, text: new_note(cast.bosco, text, cast),
    "voucher_reversal_request": lambda cast, text: new_reversal(cast.bosco, text, cast),
    "authority_change": lambda cast, text: AuthorityChange.objects.create(
        kind="role",
        profile=cast.bosco.profile,
        old_role="customer",
        new_role="staff",
        given_at=timezone.now(),
        given_by_name="odette",
        source="admin",
        reason=text,
        decision="refused",
        decided_by_name="odette",
        decision_source="admin",
        decision_reason=text,
        decided_at=timezone.now(),
    ),
    "django_admin_log": lambda _, text: new_log_entry(text),
}


def values_of(row: models.Model) -> str:
    rows = type(row)._default_manager.filter(pk=row.pk).values()
    return "".join(
        bytes(value).decode() if isinstance(value, memoryview | bytes) else str(value)
        for found in rows
        for value in found.values()
        if not isinstance(value, uuid.UUID | int)
        and not (isinstance(value, memoryview | bytes) and len(value) == 32)
        and not (isinstance(value, memoryview | bytes) and len(value) == 16)
    )


def mentions(cast: Cast, count: int) -> list[int]:
    """Let Bosco write messages of which each second one is about the person."""
    texts = [ABOUT["name"] if number % 2 else NOT_ABOUT for number in range(count)]
    return [cast.bosco.writes(text).pk for text in texts]


def texts_left(ids: list[int]) -> list[str]:
    rows = Message.objects.filter(pk__in=ids).order_by("id")
    return list(rows.values_list("text", flat=True))

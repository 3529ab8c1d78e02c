"""Signed-in users of the back office, and one record of everything."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from agents.models import (
    ColleagueAct,
    DeadLetter,
    HandOff,
    OutboundMessage,
    ToolCall,
    Turn,
    WebhookEvent,
)
from tests.agents.cast import Cast, make_cast
from vouchers.actors import Actor
from vouchers.money import Money
from vouchers.services.issue import Issued, issue_voucher

if TYPE_CHECKING:
    from vouchers.models import Voucher

ROLES = ("operator", "support", "viewer", "superuser")
HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}"


def signed_in(role: str) -> Client:
    """Return a browser in which a user of that group is signed in."""
    if role == "superuser":
        user = User.objects.create_superuser(f"the-{role}", password=None)
    else:
        user = User.objects.create_user(f"the-{role}", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@dataclass
class Records:
    """One row of everything, at least."""

    cast: Cast
    issued: Issued
    requested: Voucher
    hand_off: HandOff
    failed: OutboundMessage


def create_records() -> Records:
    cast = make_cast()
    issued = _issue(cast, 10_000)
    requested = _issue(cast, 30_000)
    event = WebhookEvent.objects.create(
        body=b"{}", sha256=b"x" * 32, correlation_id=uuid.uuid4()
    )
    DeadLetter.objects.create(event=event, path="/entry/0", reason="unreadable")
    hand_off = HandOff.objects.create(
        kind=HandOff.Kind.ASKED,
        profile=cast.aline.profile,
        conversation=cast.aline.chat,
        reason="The customer asked for a person.",
    )
    return Records(cast, issued, requested.voucher, hand_off, talk(cast))


def talk(cast: Cast, rounds: int = 1) -> OutboundMessage:
    """Create a conversation of Aline with failed replies."""
    said: Any = None
    for _ in range(rounds):
        cast.aline.writes("hello")
        turn = Turn.objects.create(
            conversation=cast.aline.chat,
            status=Turn.Status.DONE,
            lease_token=uuid.uuid4(),
            lease_expires_at=timezone.now(),
            correlation_id=uuid.uuid4(),
            finished_at=timezone.now(),
            outcome="reply",
        )
        ToolCall.objects.create(
            turn=turn, ordinal=0, name="list_vouchers", arguments={"q": HOSTILE}
        )
        said = OutboundMessage.objects.create(
            conversation=cast.aline.chat,
            turn=turn,
            cause=str(uuid.uuid4()),
            body="Hello, Aline.",
            state=OutboundMessage.State.FAILED,
            error_code="131000",
        )
        ColleagueAct.objects.create(
            conversation=cast.aline.chat, kind="answered", actor="odette", outbound=said
        )
    assert isinstance(said, OutboundMessage)
    return said


def _issue(cast: Cast, amount: int) -> Issued:
    return issue_voucher(
        customer=cast.aline.profile,
        amount=Money(amount, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key=f"test:{uuid.uuid4()}",
    )


def grow(records: Records, rows: int) -> None:
    """Add rows to the lists."""
    for number in range(rows):
        _issue(records.cast, 100)
        records.cast.aline.profile.pk = None
        records.cast.aline.profile.public_id = uuid.uuid4()
        records.cast.aline.profile.msisdn = f"+25078870{number:04d}"
        records.cast.aline.profile.save(force_insert=True)

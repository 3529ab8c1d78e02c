"""The cast of the agent's tests: people with a chat each, and all features on."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from agents.core.code_redaction import redact_codes
from agents.models import Conversation, Message, OutboundMessage, Turn
from rollout.models import AgentFlag, FlagChange
from tests import payloads
from tests.roles import confirmation
from vouchers.models import AuthorityChange, Profile, Station, Voucher

if TYPE_CHECKING:
    from datetime import datetime


@dataclass
class Person:
    """One of the cast, with their conversation."""

    profile: Profile
    chat: Conversation

    def writes(
        self,
        text: str,
        *,
        kind: str = "text",
        button_id: str = "",
        sent_at: datetime | None = None,
    ) -> Message:
        words, codes = redact_codes(text)
        return Message.objects.create(
            conversation=self.chat,
            provider_id_hmac=uuid.uuid4().bytes * 2,
            kind=kind,
            text=words,
            codes_sealed=codes,
            button_id=button_id,
            sent_at=sent_at or timezone.now(),
        )

    def presses(self, button_id: str) -> Message:
        return self.writes("Yes, do it", kind="interactive", button_id=button_id)

    @property
    def replies(self) -> list[OutboundMessage]:
        return list(self.chat.outbound.order_by("id"))

    @property
    def turns(self) -> list[Turn]:
        return list(self.chat.turns.order_by("id"))

    @property
    def vouchers(self) -> list[Voucher]:
        return list(Voucher.objects.filter(owner=self.profile).order_by("id"))


@dataclass
class Cast:
    """Aline and Bosco are customers, Claudine works at Kimironko, Diane is staff."""

    aline: Person
    bosco: Person
    claudine: Person
    diane: Person
    kimironko: Station


def make_cast() -> Cast:
    """Create the people in few statements: thousands of tests begin with them."""
    with transaction.atomic():
        turn_everything_on()
        station = Station.objects.create(code="KIMIRONKO", name="Kimironko")
        aline, bosco, claudine, diane = make_people(
            {"name": "Aline", "msisdn": "+250788100001"},
            {"name": "Bosco", "msisdn": "+250788100002"},
            {
                "name": "Claudine",
                "msisdn": "+250788100003",
                "role": "station",
                "station": station,
            },
            {"name": "Diane", "msisdn": "+250788100004", "role": "staff"},
        )
    return Cast(aline, bosco, claudine, diane, station)


def turn_everything_on() -> None:
    """Turn all features on for everyone, with the audit rows that the database wants."""
    before = _states()
    AgentFlag.objects.update(everyone=True, percent=None)
    after = _states()
    FlagChange.objects.bulk_create(
        FlagChange(
            flag_id=flag,
            before=before[flag],
            after=after[flag],
            actor="tests",
            reason="tests",
            source="command",
        )
        for flag in sorted(before)
    )


def _states() -> dict[int, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, rollout_flag_state(id)::text FROM rollout_agentflag")
        return {flag: json.loads(state) for flag, state in cursor.fetchall()}


def make_person(name: str, msisdn: str, **facts: Any) -> Person:
    with transaction.atomic():
        return make_people({"name": name, "msisdn": msisdn, **facts})[0]


def make_people(*people: dict[str, Any]) -> list[Person]:
    """Create people, each with a chat."""
    profiles = Profile.objects.bulk_create(
        Profile(**{"language": "en"} | facts) for facts in people
    )
    AuthorityChange.objects.bulk_create(
        confirmation(each) for each in profiles if each.role != Profile.Role.CUSTOMER
    )
    chats = Conversation.objects.bulk_create(
        Conversation(
            profile=each,
            phone_number_id=payloads.PHONE_NUMBER_ID,
            window_closes_at=timezone.now() + timedelta(hours=24),
        )
        for each in profiles
    )
    return [Person(*pair) for pair in zip(profiles, chats, strict=True)]

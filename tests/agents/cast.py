"""The cast of the agent's tests: people with a chat each, and all features on."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from agents.core.code_redaction import redact_codes
from agents.models import Conversation, Message, OutboundMessage, Turn
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from tests import payloads
from vouchers.models import Profile, Station, Voucher

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
    set_features(
        dict.fromkeys(Feature, True), actor="tests", reason="tests", source="command"
    )
    station = Station.objects.create(code="KIMIRONKO", name="Kimironko")
    return Cast(
        aline=make_person("Aline", "+250788100001"),
        bosco=make_person("Bosco", "+250788100002"),
        claudine=make_person(
            "Claudine", "+250788100003", role="station", station=station
        ),
        diane=make_person("Diane", "+250788100004", role="staff"),
        kimironko=station,
    )


def make_person(name: str, msisdn: str, **facts: Any) -> Person:
    profile = Profile.objects.create(name=name, msisdn=msisdn, language="en", **facts)
    chat = Conversation.objects.create(
        profile=profile,
        phone_number_id=payloads.PHONE_NUMBER_ID,
        window_closes_at=timezone.now() + timedelta(hours=24),
    )
    return Person(profile, chat)

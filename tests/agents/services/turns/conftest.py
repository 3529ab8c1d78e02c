from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from agents.code_places import take_out
from agents.models import Conversation, Message, OutboundMessage, Turn
from agents.runtime.model import ModelError
from agents.runtime.openai_model import OpenAIModel, close_clients
from agents.services.turns.means import Means
from agents.services.turns.run import run_turn
from agents.services.turns.timing import Timing
from easymo.database import units
from rollout.features import Feature
from rollout.services.flags import set_features
from tests.fakes.openai import FakeOpenAI
from vouchers.models import Profile, Station, Voucher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

QUICK = Timing(quiet_after_text=0.0, quiet_after_media=0.0)


@dataclass
class Person:
    """One of the cast, and the chat with us."""

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
        words, codes = take_out(text)
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


@pytest.fixture
def cast(committed_db: str) -> Cast:
    set_features(
        dict.fromkeys(Feature, True), actor="tests", reason="tests", source="cli"
    )
    station = Station.objects.create(code="KIMIRONKO", name="Kimironko")
    return Cast(
        aline=_person("Aline", "+250788100001"),
        bosco=_person("Bosco", "+250788100002"),
        claudine=_person("Claudine", "+250788100003", role="station", station=station),
        diane=_person("Diane", "+250788100004", role="staff"),
        kimironko=station,
    )


def _person(name: str, msisdn: str, **facts: Any) -> Person:
    profile = Profile.objects.create(name=name, msisdn=msisdn, language="en", **facts)
    chat = Conversation.objects.create(
        profile=profile,
        phone_number_id="1",
        window_closes_at=timezone.now() + timezone.timedelta(hours=24),
    )
    return Person(profile, chat)


@pytest.fixture
def openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
async def online(openai: FakeOpenAI) -> AsyncIterator[Means]:
    """OpenAI answers, as scripted."""
    model = OpenAIModel(
        name="gpt-5-mini", api_key=openai.api_key, base_url=openai.base_url
    )
    yield Means(model=model, timing=QUICK)
    await close_clients()


@pytest.fixture
def offline() -> Means:
    """No key: the offline model answers."""
    return Means(model=None, timing=QUICK)


class Failing:
    """OpenAI, failing."""

    name = "gpt-5-mini"

    async def respond(self, request: object) -> Any:
        raise ModelError("server_error")


async def turn(person: Person, means: Means) -> list[int]:
    return await run_turn(conversation_id=person.chat.pk, means=means)


in_database = units.run


def jobs() -> list[tuple[str, int]]:
    """Return the waiting jobs of the queue, by name and conversation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, (args->>'conversation_id')::bigint "
            "FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
        )
        return list(cursor.fetchall())


async def asked(openai: FakeOpenAI, times: int) -> None:
    """Wait until the model was asked so often."""
    for _ in range(500):
        if len(openai.requests) >= times:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the model was not asked")

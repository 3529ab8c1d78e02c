"""A model that calls a tool which the person's own words do not request."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.models import Message, PendingAction, ToolCall
from tests.agents.tools.plain_request_corpus import Sentence, must_not_act
from tests.agents.turns.conftest import asked, in_database, turn
from tests.fakes import openai_answers as say
from vouchers.actors import Actor
from vouchers.models import Voucher, VoucherEvent
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast, Person
    from tests.fakes.openai import FakeOpenAI
    from tests.fakes.openai_answers import Answer

NUMBER = "+250788100001"
ORDER = f"create voucher 5000 for {NUMBER}"
CREATE = say.call("create_voucher", amount=5000, customer_msisdn=NUMBER, currency=None)
DONE = say.text("Done.")
REDEEM = say.call("redeem_voucher", voucher="[code 1]", station=None)


def code_of_aline(cast: Cast) -> str:
    issued = issue_voucher(
        customer=cast.aline.profile,
        amount=Money(5_000, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key="given",
    )
    assert issued.code
    return issued.code.digits


async def acted(
    openai: FakeOpenAI, call: Answer, turn_of: Coroutine[Any, Any, Any]
) -> bool:
    """Run a turn in which the model makes the call; tell whether it was executed."""
    openai.script(call, DONE)
    await turn_of
    made = await in_database(lambda: ToolCall.objects.order_by("-id")[0])
    assert made.code in {"", "confirmation_needed"}, made.code
    openai.assert_complete()
    return made.status == ToolCall.Status.SUCCEEDED


def some(kind: str, mark: str) -> list[Sentence]:
    """Return the first sentence of each language."""
    found: dict[str, Sentence] = {}
    for one in must_not_act():
        if one.kind == kind and mark in one.text:
            found.setdefault(one.language, one)
    return list(found.values())


KINDS = sorted({one.kind for one in must_not_act()})
CREATES = [one for kind in KINDS for one in some(kind, "{n}")]
REDEEMS = [one for kind in KINDS for one in some(kind, "{c}")]


async def test_create__called_against_the_words__is_the_buttons_turn(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    wrong = []
    for sentence in CREATES:
        for text in sentence.text.replace("{n}", NUMBER).split("\\n"):
            await in_database(cast.diane.writes, text)
        if await acted(openai, CREATE, turn(cast.diane, online)):
            wrong.append(sentence.text)

    assert wrong == []
    assert await in_database(VoucherEvent.objects.count) == 0
    assert await in_database(ToolCall.objects.count) == len(CREATES)


async def test_redeem__called_against_the_words__is_the_buttons_turn(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    code = await in_database(code_of_aline, cast)
    wrong = []
    for sentence in REDEEMS:
        for text in sentence.written(code).splitlines():
            await in_database(cast.claudine.writes, text)
        if await acted(openai, REDEEM, turn(cast.claudine, online)):
            wrong.append(sentence.text)

    assert wrong == []
    assert await in_database(lambda: Voucher.objects.get().status) == "issued"
    assert await in_database(ToolCall.objects.count) == len(REDEEMS)


def forwarded(person: Person, order: str) -> None:
    person.writes(order)
    Message.objects.filter(pk=person.writes("stop that").pk).update(
        detail={"forwarded": "forwarded"}
    )


def spoken(person: Person, order: str) -> None:
    person.writes(order)
    Message.objects.filter(pk=person.writes("no, wait").pk).update(
        kind="audio", is_spoken=True
    )


def captioned(person: Person, order: str) -> None:
    person.writes(order)
    person.writes("not this one", kind="image")


def edited(person: Person, order: str) -> None:
    Message.objects.filter(pk=person.writes(order).pk).update(edited_at=timezone.now())


def ago(minutes: float) -> dict[str, Any]:
    return {"sent_at": timezone.now() - timedelta(minutes=minutes)}


def old(person: Person, order: str) -> None:
    person.writes(order, **ago(15.1))


def old_first_word(person: Person, order: str) -> None:
    verb, _, rest = order.partition(" ")
    person.writes(verb, **ago(16))
    person.writes(rest)


def old_then_a_greeting(person: Person, order: str) -> None:
    person.writes(order, **ago(23 * 60))
    person.writes("please")


def contradicted(person: Person, _order: str) -> None:
    person.writes(ORDER)
    person.writes("create voucher 6000 for 0788100001")


def for_another(person: Person, _order: str) -> None:
    person.writes("create voucher 5000 for 0788100002")
    person.writes(NUMBER)


NOT_ALONE = [
    *(forwarded, spoken, captioned, edited),
    *(old, old_first_word, old_then_a_greeting),
]


async def test_create__request_beside_something_else__is_the_buttons_turn(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    wrong = []
    for given in [*NOT_ALONE, contradicted, for_another]:
        await in_database(given, cast.diane, ORDER)
        if await acted(openai, CREATE, turn(cast.diane, online)):
            wrong.append(given.__name__)

    assert wrong == []
    assert await in_database(VoucherEvent.objects.count) == 0


async def test_redeem__request_beside_something_else__is_the_buttons_turn(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    code = await in_database(code_of_aline, cast)
    wrong = []
    for given in NOT_ALONE:
        await in_database(given, cast.claudine, f"redeem {code}")
        if await acted(openai, REDEEM, turn(cast.claudine, online)):
            wrong.append(given.__name__)

    assert wrong == []
    assert await in_database(lambda: Voucher.objects.get().status) == "issued"


@pytest.mark.parametrize("minutes", [14, 16])
async def test_create__offline_after_an_outage__only_fresh_words_act(
    cast: Cast, offline: TurnDependencies, minutes: int
) -> None:
    # Given
    now = timezone.now() + timedelta(minutes=minutes)
    await in_database(cast.diane.writes, ORDER)

    # When
    await turn(cast.diane, replace(offline, now=lambda: now))

    # Then
    issued = await in_database(Voucher.objects.count)
    waiting = await in_database(PendingAction.objects.count)
    assert (issued, waiting) == ((1, 0) if minutes < 15 else (0, 1))


@pytest.mark.parametrize("minutes", [14, 16])
async def test_redeem__offline_after_an_outage__only_fresh_words_act(
    cast: Cast, offline: TurnDependencies, minutes: int
) -> None:
    # Given
    code = await in_database(code_of_aline, cast)
    now = timezone.now() + timedelta(minutes=minutes)
    await in_database(cast.claudine.writes, f"redeem {code}")

    # When
    await turn(cast.claudine, replace(offline, now=lambda: now))

    # Then
    status = await in_database(lambda: Voucher.objects.get().status)
    waiting = await in_database(PendingAction.objects.count)
    assert (status, waiting) == (("redeemed", 0) if minutes < 15 else ("issued", 1))


async def test_create__split_over_fresh_messages__acts(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    openai.script(CREATE, DONE)
    for text in ("create voucher", "5000", f"for {NUMBER}"):
        await in_database(cast.diane.writes, text)

    await turn(cast.diane, online)

    assert await in_database(Voucher.objects.count) == 1


async def test_create__taken_back_while_the_model_answers__is_the_buttons_turn(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    """No restart is left, so that the turn goes on in spite of the newer message."""
    # Given
    openai.script(replace(CREATE, held=True), DONE)
    await in_database(cast.diane.writes, ORDER)
    timing = replace(online.timing, restarts=0)
    running = asyncio.create_task(turn(cast.diane, replace(online, timing=timing)))
    await asked(openai, 1)

    # When
    await in_database(cast.diane.writes, "stop, do not do it")
    openai.release()
    await running

    # Then
    call = await in_database(ToolCall.objects.get)
    assert call.code == "confirmation_needed"
    assert await in_database(Voucher.objects.count) == 0

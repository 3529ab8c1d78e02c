"""The language of a reply, and what the offline model asks, through whole turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.language.texts import render
from agents.models import PendingAction
from tests.agents.turns.conftest import in_database, turn
from vouchers.models import Voucher

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.cast import Person
    from tests.agents.turns.conftest import Cast


async def _says(person: Person, text: str, dependencies: TurnDependencies) -> str:
    await in_database(person.writes, text)
    await turn(person, dependencies)
    replies = await in_database(lambda: list(person.replies))
    return str(replies[-1].body)


async def _speaks(person: Person, language: str) -> None:
    profile = await in_database(lambda: person.chat.profile)
    profile.language = language
    await in_database(profile.save, update_fields=["language"])


async def test_run_turn__message_in_another_language__is_answered_in_it(
    cast: Cast, offline: TurnDependencies
) -> None:
    await _speaks(cast.diane, "en")

    assert await _says(cast.diane, "muraho", offline) == render("greeting.staff", "rw")
    assert await _says(cast.diane, "habari", offline) == render("greeting.staff", "sw")


async def test_run_turn__unclear_message__goes_on_in_the_last_language(
    cast: Cast, offline: TurnDependencies
) -> None:
    await _speaks(cast.diane, "en")
    await _says(cast.diane, "bonjour", offline)

    assert await _says(cast.diane, "xyz", offline) == render("ask.intent", "fr")


async def test_run_turn__unclear_first_message__is_answered_by_the_profile(
    cast: Cast, offline: TurnDependencies
) -> None:
    await _speaks(cast.diane, "sw")

    assert await _says(cast.diane, "xyz", offline) == render("ask.intent", "sw")


async def test_run_turn__amount_and_number_without_a_verb__end_at_a_button(
    cast: Cast, offline: TurnDependencies
) -> None:
    number = await in_database(lambda: cast.aline.chat.profile.msisdn)

    asked = await _says(cast.diane, f"5000 for {number}", offline)
    waiting = await _says(cast.diane, "yes", offline)

    assert asked == render("ask.create", "en")
    assert "5,000" in waiting
    assert await in_database(PendingAction.objects.count) == 1
    assert await in_database(Voucher.objects.count) == 0


async def test_run_turn__amount_in_words__ends_at_a_button(
    cast: Cast, offline: TurnDependencies
) -> None:
    number = await in_database(lambda: cast.aline.chat.profile.msisdn)

    said = f"kora vocha y'ibihumbi bitanu kuri {number}"
    waiting = await _says(cast.diane, said, offline)

    assert "5,000" in waiting
    assert await in_database(PendingAction.objects.count) == 1
    assert await in_database(Voucher.objects.count) == 0

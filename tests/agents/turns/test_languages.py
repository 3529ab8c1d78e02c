"""The language of a reply, and what the offline model asks, through whole turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.language.texts import LANGUAGES, render
from agents.models import PendingAction
from tests.agents.language.spoken import spoken_in
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

    assert asked == render("ask.create", "en", amount="RWF 5,000", number=number)
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


SPOKEN = {
    "en": ("hello", "create voucher 5000 for {}", "create voucher 10500 for {}"),
    "fr": ("bonjour", "créer un bon de 5000 pour {}", "créer un bon de 10500 pour {}"),
    "rw": ("muraho", "kora vocha ya 5000 kuri {}", "kora vocha ya 10500 kuri {}"),
    "sw": (
        "habari",
        "tengeneza vocha ya 5000 kwa {}",
        "tengeneza vocha ya 10500 kwa {}",
    ),
}


# Every pair of two of the three languages: of the profile, of the words, of the owner.
MIXED = [
    (profile, written, LANGUAGES[(row + column) % len(LANGUAGES)])
    for row, profile in enumerate(["", *LANGUAGES])
    for column, written in enumerate(LANGUAGES)
]


@pytest.mark.usefixtures("whatsapp")
@pytest.mark.parametrize(("profile", "written", "owners"), MIXED)
async def test_run_turn__greeting_receipt_question_button_and_handoff__one_language(
    cast: Cast, offline: TurnDependencies, profile: str, written: str, owners: str
) -> None:
    # Given
    await _speaks(cast.diane, profile)
    await _speaks(cast.aline, owners)
    number = await in_database(lambda: cast.aline.chat.profile.msisdn)

    # When
    for text in SPOKEN[written]:
        await _says(cast.diane, text.format(number), offline)
    action = await in_database(PendingAction.objects.get)
    await in_database(cast.diane.presses, f"confirm:{action.public_id}")
    await turn(cast.diane, offline)
    await _says(cast.diane, "agent", offline)
    await _says(cast.diane, "👍", offline)

    # Then
    replies = await in_database(lambda: cast.diane.replies)
    assert [spoken_in(reply.body) for reply in replies] == [{written}] * 6
    buttons = replies[2].extra["buttons"]
    assert [spoken_in(button["title"]) for button in buttons] == [{written}] * 2
    told = await in_database(lambda: cast.aline.replies)
    assert [spoken_in(notice.body) for notice in told] == [{owners}] * 2

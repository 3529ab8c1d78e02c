"""The issuer's receipt says when the voucher's owner was not reached."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.language.texts import LANGUAGES, render
from agents.models import Announcement, OutboundMessage
from agents.notifications import voucher_events
from agents.turns import close
from tests.agents.turns.conftest import Person, in_database, turn

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast

ORDER = "create voucher 5000 for +250788100001"
LARGE = "create voucher 15000 for +250788100001"
Outcome = Announcement.Outcome


@pytest.fixture(autouse=True)
def _ours(whatsapp: SettingsWrapper) -> None:
    """Our number is the one that the cast writes to."""


def shut(person: Person) -> None:
    person.chat.window_closes_at = timezone.now() - timedelta(hours=1)
    person.chat.save(update_fields=["window_closes_at"])


def said(person: Person) -> list[str]:
    return [reply.body for reply in person.replies]


def warned(body: str) -> bool:
    return any(render("receipt.not_reached", each) in body for each in LANGUAGES)


async def tell_all() -> None:
    await in_database(voucher_events.announce)
    await in_database(voucher_events.notify_issuers_of_failures)


async def test_receipt__window_closed_and_no_template__says_so_itself(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    await in_database(shut, cast.aline)
    await in_database(cast.diane.writes, ORDER)

    # When
    await turn(cast.diane, offline)
    await tell_all()

    # Then
    [receipt] = await in_database(said, cast.diane)
    assert "{code:" in receipt
    assert receipt.endswith(render("receipt.not_reached", "en"))
    assert await in_database(said, cast.aline) == []
    row = await in_database(Announcement.objects.get)
    assert row.outcome == Outcome.UNREACHABLE


async def test_receipt__by_button__says_so_itself(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    await in_database(shut, cast.aline)
    await in_database(cast.diane.writes, LARGE)
    await turn(cast.diane, offline)
    question = (await in_database(lambda: cast.diane.replies))[-1]

    # When
    await in_database(cast.diane.presses, question.extra["buttons"][0]["id"])
    await turn(cast.diane, offline)
    await tell_all()

    # Then
    bodies = await in_database(said, cast.diane)
    assert len(bodies) == 2
    assert [warned(body) for body in bodies] == [False, True]


async def test_receipt__window_open__says_nothing_and_owner_has_it(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    await in_database(cast.diane.writes, ORDER)

    # When
    await turn(cast.diane, offline)
    await tell_all()

    # Then
    [receipt] = await in_database(said, cast.diane)
    assert not warned(receipt)
    assert len(await in_database(said, cast.aline)) == 1


async def test_receipt__template_set__sent_by_it(
    cast: Cast, offline: TurnDependencies, settings: SettingsWrapper
) -> None:
    # Given
    settings.WA_TEMPLATE_VOUCHER_ISSUED = "voucher_issued"
    await in_database(shut, cast.aline)
    await in_database(cast.diane.writes, ORDER)

    # When
    await turn(cast.diane, offline)

    # Then
    [receipt] = await in_database(said, cast.diane)
    assert not warned(receipt)
    [sent] = await in_database(lambda: cast.aline.replies)
    assert sent.kind == OutboundMessage.Kind.TEMPLATE


async def test_announce__while_the_issuer_is_answered__waits_for_the_receipt(
    cast: Cast, offline: TurnDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: another worker announces between the voucher and its receipt
    await in_database(shut, cast.aline)
    await in_database(cast.diane.writes, ORDER)
    told: list[int] = []
    compose = close.replies.compose

    def announce_first(**given: object) -> object:
        told.append(voucher_events.announce())
        return compose(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(close.replies, "compose", announce_first)

    # When
    await turn(cast.diane, offline)
    await tell_all()

    # Then
    assert told == [0]
    [receipt] = await in_database(said, cast.diane)
    assert warned(receipt)


async def test_failure__later__issuer_told_once_in_another_message(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    await in_database(cast.diane.writes, ORDER)
    await turn(cast.diane, offline)
    [notice] = await in_database(lambda: cast.aline.replies)
    notice.state, notice.error_code = OutboundMessage.State.FAILED, "131026"
    await in_database(notice.save)

    # When
    for _ in range(2):
        await tell_all()

    # Then
    receipt, second = await in_database(said, cast.diane)
    assert not warned(receipt)
    assert "could not reach" in second
    row = await in_database(Announcement.objects.get)
    assert row.outcome == Outcome.UNREACHABLE

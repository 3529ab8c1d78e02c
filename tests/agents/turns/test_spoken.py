from __future__ import annotations

from typing import TYPE_CHECKING

from agents.models import Message
from tests.agents.turns.conftest import in_database, turn

if TYPE_CHECKING:
    import pytest

    from agents.turns.run import TurnDependencies
    from tests.agents.cast import Cast, Person

WISH = "create voucher 5000 for +250788100001"


def speaks(person: Person, text: str, **facts: object) -> None:
    message = person.writes(text, kind="audio")
    Message.objects.filter(pk=message.pk).update(is_spoken=True, **facts)


async def test_run_turn__spoken_order__transcript_shown_and_only_by_button(
    cast: Cast, offline: TurnDependencies
) -> None:
    # When
    await in_database(speaks, cast.diane, WISH)
    await turn(cast.diane, offline)

    # Then
    [reply] = await in_database(lambda: cast.diane.replies)
    assert reply.body.startswith(f"I heard: “{WISH}”")
    assert [b["id"].split(":")[0] for b in reply.extra["buttons"]] == [
        "confirm",
        "decline",
    ]
    assert await in_database(lambda: cast.aline.vouchers) == []


async def test_run_turn__same_order_typed__done_at_once(
    cast: Cast, offline: TurnDependencies
) -> None:
    # When: the control
    await in_database(cast.diane.writes, WISH)
    await turn(cast.diane, offline)

    # Then
    assert len(await in_database(lambda: cast.aline.vouchers)) == 1


async def test_run_turn__forwarded_order__only_by_button(
    cast: Cast, offline: TurnDependencies
) -> None:
    # When
    def forwards() -> None:
        message = cast.diane.writes(WISH)
        Message.objects.filter(pk=message.pk).update(detail={"forwarded": "forwarded"})

    await in_database(forwards)
    await turn(cast.diane, offline)

    # Then
    [reply] = await in_database(lambda: cast.diane.replies)
    assert reply.extra["buttons"]
    assert await in_database(lambda: cast.aline.vouchers) == []


async def test_run_turn__spoken_amount_beside_typed_number__only_by_button(
    cast: Cast, offline: TurnDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    # When
    await in_database(speaks, cast.diane, "create voucher 5000")
    await in_database(cast.diane.writes, "for +250788100001")
    await turn(cast.diane, offline)

    # Then
    assert await in_database(lambda: cast.aline.vouchers) == []

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from agents.language.texts import render
from agents.models import PendingAction, ToolCall
from tests.agents.turns.conftest import Person, in_database, turn
from tests.roles import confirm_role
from vouchers.models import Voucher

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast

ORDER = "create voucher 15000 for +250788100001"
Status = PendingAction.Status


async def asked_for_button(cast: Cast, offline: TurnDependencies) -> PendingAction:
    await in_database(cast.diane.writes, ORDER)
    await turn(cast.diane, offline)
    return await in_database(PendingAction.objects.get)


async def pressed(
    person: Person, dependencies: TurnDependencies, button_id: str
) -> str:
    """Press the button and return the reply."""
    await in_database(person.presses, button_id)
    await turn(person, dependencies)
    replies = await in_database(lambda: person.replies)
    return str(replies[-1].body)


async def statuses() -> list[str]:
    return await in_database(
        lambda: list(
            PendingAction.objects.order_by("id").values_list("status", flat=True)
        )
    )


async def test_ask__above_the_limit__waits_for_a_button(
    cast: Cast, offline: TurnDependencies
) -> None:
    action = await asked_for_button(cast, offline)

    [reply] = await in_database(lambda: cast.diane.replies)
    [done] = await in_database(lambda: cast.diane.turns)
    assert reply.kind == "buttons"
    assert [button["id"] for button in reply.extra["buttons"]] == [
        f"confirm:{action.public_id}",
        f"decline:{action.public_id}",
    ]
    assert "RWF 15,000" in reply.body
    assert done.outcome == "confirm"
    assert await in_database(Voucher.objects.count) == 0


async def test_ask__question__waits_for_ten_minutes(
    cast: Cast, offline: TurnDependencies
) -> None:
    before = timezone.now()
    action = await asked_for_button(cast, offline)

    ten_minutes = timedelta(minutes=10)
    assert before + ten_minutes <= action.expires_at <= timezone.now() + ten_minutes


async def test_press__confirm__does_it_once_with_one_receipt(
    cast: Cast, offline: TurnDependencies
) -> None:
    action = await asked_for_button(cast, offline)

    told = await pressed(cast.diane, offline, f"confirm:{action.public_id}")

    [voucher] = await in_database(lambda: cast.aline.vouchers)
    assert voucher.amount_minor == 15_000
    assert voucher.reference in told
    assert await statuses() == [Status.CONFIRMED]


async def test_press__twice__is_done_once(
    cast: Cast, offline: TurnDependencies
) -> None:
    action = await asked_for_button(cast, offline)
    button = f"confirm:{action.public_id}"
    await pressed(cast.diane, offline, button)

    told = await pressed(cast.diane, offline, button)

    assert told == render("confirm.used", "en")
    assert len(await in_database(lambda: cast.aline.vouchers)) == 1


async def test_press__by_another_person__is_refused(
    cast: Cast, offline: TurnDependencies
) -> None:
    action = await asked_for_button(cast, offline)

    told = await pressed(cast.bosco, offline, f"confirm:{action.public_id}")

    assert told == render("confirm.foreign", "en")
    assert await in_database(Voucher.objects.count) == 0
    assert await statuses() == [Status.WAITING]


async def test_press__after_ten_minutes__is_refused(
    cast: Cast, offline: TurnDependencies
) -> None:
    action = await asked_for_button(cast, offline)
    await in_database(
        PendingAction.objects.update,
        expires_at=timezone.now() - timedelta(seconds=1),
    )

    told = await pressed(cast.diane, offline, f"confirm:{action.public_id}")

    assert told == render("confirm.expired", "en")
    assert await in_database(Voucher.objects.count) == 0
    assert await statuses() == [Status.EXPIRED]


async def test_press__for_changed_arguments__is_refused(
    cast: Cast, offline: TurnDependencies
) -> None:
    action = await asked_for_button(cast, offline)
    changed = {**action.arguments, "amount": 19_000}
    await in_database(PendingAction.objects.update, arguments=changed)

    told = await pressed(cast.diane, offline, f"confirm:{action.public_id}")

    assert told == render("confirm.replaced", "en")
    assert await in_database(Voucher.objects.count) == 0


async def test_press__of_an_older_question__is_refused(
    cast: Cast, offline: TurnDependencies
) -> None:
    older = await asked_for_button(cast, offline)
    await in_database(cast.diane.writes, "create voucher 16000 for +250788100002")
    await turn(cast.diane, offline)

    told = await pressed(cast.diane, offline, f"confirm:{older.public_id}")

    assert told == render("confirm.replaced", "en")
    assert await in_database(Voucher.objects.count) == 0
    assert await statuses() == [Status.REPLACED, Status.WAITING]


async def test_press__decline__changes_nothing(
    cast: Cast, offline: TurnDependencies
) -> None:
    action = await asked_for_button(cast, offline)

    told = await pressed(cast.diane, offline, f"decline:{action.public_id}")

    assert told == render("confirm.declined", "en")
    assert await in_database(Voucher.objects.count) == 0
    assert await statuses() == [Status.DECLINED]


@pytest.mark.parametrize("button", ["confirm:", "confirm:1", "confirm:nonsense"])
async def test_press__unknown_button__is_refused(
    cast: Cast, offline: TurnDependencies, button: str
) -> None:
    assert await pressed(cast.diane, offline, button) == render("confirm.foreign", "en")


async def test_free_text__yes__confirms_nothing(
    cast: Cast, offline: TurnDependencies
) -> None:
    await asked_for_button(cast, offline)
    await in_database(cast.diane.writes, "yes, do it")

    await turn(cast.diane, offline)

    assert await in_database(Voucher.objects.count) == 0
    assert await statuses() == [Status.WAITING]


async def test_press__no_longer_allowed__checked_again_and_refused(
    cast: Cast, offline: TurnDependencies
) -> None:
    action = await asked_for_button(cast, offline)
    profile = cast.diane.profile
    profile.role = "support"

    def change() -> None:
        with transaction.atomic():
            profile.save(update_fields=["role"])
            confirm_role(profile)

    await in_database(change)

    await pressed(cast.diane, offline, f"confirm:{action.public_id}")

    assert await in_database(Voucher.objects.count) == 0
    call = await in_database(ToolCall.objects.order_by("id").last)
    assert call is not None
    assert call.code == "forbidden"


async def test_press__worker_dies_before_the_reply__one_effect_and_one_receipt(
    cast: Cast, offline: TurnDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    action = await asked_for_button(cast, offline)
    await in_database(cast.diane.presses, f"confirm:{action.public_id}")

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("agents.turns.run.close", die)
        with pytest.raises(KeyboardInterrupt):
            await turn(cast.diane, offline)
    assert len(await in_database(lambda: cast.aline.vouchers)) == 1

    # When
    await in_database(_end_leases, cast.diane)
    await turn(cast.diane, offline)

    # Then
    [voucher] = await in_database(lambda: cast.aline.vouchers)
    replies = await in_database(lambda: cast.diane.replies)
    assert [voucher.reference in reply.body for reply in replies] == [False, True]


async def test_press__between_texts__is_a_turn_of_its_own_in_its_place(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    action = await asked_for_button(cast, offline)
    await in_database(cast.diane.writes, "hello")
    await in_database(cast.diane.presses, f"confirm:{action.public_id}")
    await in_database(cast.diane.writes, "hello")

    # When
    for _ in range(3):
        await turn(cast.diane, offline)

    # Then
    turns = await in_database(lambda: cast.diane.turns)
    assert [row.outcome for row in turns] == ["confirm", "reply", "receipt", "reply"]


def _end_leases(person: Person) -> None:
    person.chat.turns.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

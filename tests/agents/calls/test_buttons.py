"""The buttons of WhatsApp during a call, pressed in the person's own chat."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.calls import buttons, tools
from agents.calls.finishing import finish
from agents.calls.reasons import EndReason
from agents.core.errors import LeaseLost
from agents.identity import calling
from agents.language import texts
from agents.models import Call, Conversation
from agents.turns.run import TurnDependencies, run_turn
from easymo.database import units
from tests.agents.calls.phone import PIN, Phone, calls
from tests.agents.turns.conftest import QUICK
from tests.vouchers.racing import race
from vouchers.models import Voucher, VoucherEvent

if TYPE_CHECKING:
    from tests.agents.cast import Cast, Person

OFFLINE = TurnDependencies(model=None, timing=QUICK)
db = units.run


async def presses(person: Person, button_id: str) -> str:
    """Press the button in the person's chat; return what they read."""
    await db(person.presses, button_id)
    await run_turn(conversation_id=person.chat.pk, dependencies=OFFLINE)
    return await db(lambda: person.replies[-1].body)


def ids_of(phone: Phone) -> list[str]:
    return [button["id"] for button in phone.written[-1].extra["buttons"]]


async def test_offer__unverified_caller__asks_in_the_chat_and_names_the_call(
    committed: Cast,
) -> None:
    phone = await db(calls, committed.aline)

    said = await db(buttons.offer, phone.ref)

    assert said == texts.render("phone.button_sent", "en")
    (message,) = await db(lambda: phone.written)
    since = timezone.localtime((await db(lambda: phone.call)).received_at)
    assert f"{since:%H:%M}" in message.body
    assert all(str(phone.ref.public_id) in each for each in await db(ids_of, phone))


async def test_press__yes__verifies_this_call_only(committed: Cast) -> None:
    phone, other = [await db(calls, committed.aline) for _ in range(2)]
    watch = buttons.Watch(phone.ref, phone.keypad)
    await db(buttons.offer, phone.ref)
    yes, _ = await db(ids_of, phone)
    assert await db(watch.look) is None

    said = await presses(committed.aline, yes)

    assert said == texts.render("phone.identified", "en")
    found = await db(watch.look)
    assert (found.kind, found.spoken) == (
        "pin_ok",
        texts.render("phone.pin_right", "en"),
    )
    assert await db(watch.look) is None
    assert (await db(phone.asks, "list_vouchers")).payload["success"] is True
    assert (await db(other.asks, "list_vouchers")).payload["code"] == "pin_needed"


async def test_press__no__keeps_the_caller_out_also_with_a_pin(
    committed: Cast,
) -> None:
    phone = await db(calls, committed.aline)
    watch = buttons.Watch(phone.ref, phone.keypad)
    await db(buttons.offer, phone.ref)
    yes, no = await db(ids_of, phone)

    assert await presses(committed.aline, no) == texts.render("phone.not_calling", "en")
    assert await presses(committed.aline, yes) == texts.render("phone.call_over", "en")

    assert (await db(watch.look)).ends == EndReason.CALLER_DENIED
    assert (await phone.types("739154")).ends == EndReason.CALLER_DENIED
    assert (await db(phone.asks, "list_vouchers")).payload["code"] == "pin_needed"


async def test_press__no_after_the_right_pin__the_waiting_change_is_not_made(
    committed: Cast,
) -> None:
    phone = await db(calls, committed.diane)
    await db(buttons.offer, phone.ref)
    _, no = await db(ids_of, phone)
    await phone.types(PIN)
    asked = await db(
        phone.asks, "create_voucher", customer_msisdn="+250788100002", amount=5_000
    )
    assert asked.asks == "confirm"

    await presses(committed.diane, no)
    found = await phone.types("1")

    assert found.result is not None
    assert found.result.payload["success"] is False
    assert await db(Voucher.objects.count) == 0
    assert (await db(phone.asks, "list_vouchers")).payload["code"] == "pin_needed"


@pytest.mark.parametrize(
    "case", ["ended", "other person", "never asked", "no id", "other call"]
)
async def test_press__that_does_not_count__verifies_nothing(
    committed: Cast, case: str
) -> None:
    phone = await db(calls, committed.aline)
    person = committed.aline
    button = f"calling:{phone.ref.public_id}"
    if case != "never asked":
        await db(buttons.offer, phone.ref)
    if case == "ended":
        await db(finish, phone.ref, EndReason.CALLER_HUNG_UP)
    elif case == "other person":
        person = committed.bosco
    elif case == "no id":
        button = "calling:1"
    elif case == "other call":
        other = await db(calls, committed.aline)
        button = f"calling:{other.ref.public_id}"

    said = await presses(person, button)

    assert said == texts.render("phone.call_over", "en")
    assert await db(Call.objects.filter(verified_by="whatsapp").count) == 0


def test_answer__ten_minutes_after_the_question__verifies_nothing(cast: Cast) -> None:
    phone = calls(cast.aline)
    buttons.offer(phone.ref)
    late = timezone.now() + timedelta(minutes=10, seconds=1)

    said = calling.answer(
        cast.aline.profile,
        public_id=str(phone.ref.public_id),
        is_theirs=True,
        now=late,
    )

    assert said == "phone.call_over"
    assert phone.call.verified_at is None


def test_offer__again_and_from_another_call__one_push_in_ten_minutes(
    cast: Cast, time_machine: Any
) -> None:
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    first, second = calls(cast.aline), calls(cast.aline)

    said = [buttons.offer(each.ref) for each in (first, first, second)]

    assert len(first.written) == 1
    assert second.written == []
    # The caller hears the same, so that nothing is learnt from it.
    assert len(set(said)) == 1
    time_machine.move_to(now + timedelta(minutes=10, seconds=1), tick=False)
    buttons.offer(second.ref)
    assert len(second.written) == 1


@pytest.mark.parametrize("case", ["window", "no chat", "blocked", "withheld"])
def test_offer__person_who_cannot_be_written_to__says_the_same_and_sends_nothing(
    cast: Cast, case: str
) -> None:
    from agents.identity import blocks

    phone = calls(cast.aline)
    if case == "window":
        Conversation.objects.filter(pk=cast.aline.chat.pk).update(window_closes_at=None)
    elif case == "no chat":
        Conversation.objects.filter(pk=cast.aline.chat.pk).update(phone_number_id="9")
    elif case == "blocked":
        blocks.block_profile(
            profile=cast.aline.profile, reason="x", actor="x", expires_at=None
        )
    else:
        from tests.agents.calls.callers import attached

        phone.ref = attached("anonymous")

    assert buttons.offer(phone.ref) == texts.render("phone.button_sent", "en")
    assert phone.written == []


async def _asked(committed: Cast) -> tuple[Phone, buttons.Watch, str, str]:
    phone = await db(calls, committed.diane)
    await db(phone.verify)
    watch = buttons.Watch(phone.ref, phone.keypad)
    await db(watch.look)
    await db(
        phone.asks, "create_voucher", customer_msisdn="+250788100002", amount=5_000
    )
    await db(watch.look)
    await db(buttons.offer, phone.ref)
    yes, no = await db(ids_of, phone)
    return phone, watch, yes, no


def effects() -> int:
    return VoucherEvent.objects.filter(kind="issued").count()


async def test_confirm__by_button__executes_once_and_the_call_hears_it(
    committed: Cast,
) -> None:
    phone, watch, yes, _ = await _asked(committed)

    said = await presses(committed.diane, yes)

    assert said.startswith("✅")
    found = await db(watch.look)
    assert found.kind == "confirm_yes"
    assert "Voucher created" in found.spoken
    assert await db(watch.look) is None
    # The key comes too late, and so does a second press.
    await phone.types("1")
    await presses(committed.diane, yes)
    assert await db(effects) == 1


async def test_confirm__by_button_no__changes_nothing(committed: Cast) -> None:
    phone, watch, yes, no = await _asked(committed)

    await presses(committed.diane, no)

    assert (await db(watch.look)).kind == "confirm_no"
    await presses(committed.diane, yes)
    await phone.types("1")
    assert await db(effects) == 0


async def test_confirm__by_key__is_no_news_of_the_button(committed: Cast) -> None:
    phone, watch, yes, _ = await _asked(committed)

    assert (await phone.types("1")).kind == "confirm_yes"

    assert await db(watch.look) is None
    assert await presses(committed.diane, yes) == texts.render("confirm.used", "en")
    assert await db(effects) == 1


@pytest.mark.parametrize("person", ["aline", "bosco", "claudine"])
async def test_confirm__button_of_another__changes_nothing(
    committed: Cast, person: str
) -> None:
    _, _, yes, _ = await _asked(committed)

    said = await presses(getattr(committed, person), yes)

    assert said == texts.render("confirm.foreign", "en")
    assert await db(effects) == 0


async def test_confirm__question_of_the_chat__is_not_answered_by_a_key(
    committed: Cast,
) -> None:
    phone = await db(calls, committed.diane)
    await db(phone.verify)
    await db(committed.diane.writes, "create voucher 15000 for +250788100002")
    await run_turn(conversation_id=committed.diane.chat.pk, dependencies=OFFLINE)
    assert await db(committed.diane.chat.pending_actions.count) == 1

    assert (await phone.types("1")).kind == "digit"
    assert (await db(tools.confirm, phone.ref, is_yes=True)).payload["success"] is False
    assert await db(effects) == 0


async def test_confirm__by_button_after_the_call__still_counts_for_ten_minutes(
    committed: Cast,
) -> None:
    phone, _, yes, _ = await _asked(committed)
    await db(finish, phone.ref, EndReason.CALLER_HUNG_UP)

    assert (await presses(committed.diane, yes)).startswith("✅")


def test_confirm__key_and_button_at_once__one_effect(committed: Cast) -> None:
    from agents.turns import button
    from agents.turns.claim import start_or_resume

    for number in range(1, 4):
        phone = calls(committed.diane).verify()
        phone.asks("create_voucher", customer_msisdn="+250788100002", amount=5_000)
        question = phone.question
        committed.diane.presses(f"confirm:{question.public_id}")
        _, _, claimed = start_or_resume(
            conversation_id=committed.diane.chat.pk, timing=QUICK
        )

        found = race(
            lambda c=claimed: button.handle_press(c),
            *[lambda p=phone: tools.confirm(p.ref, is_yes=True)] * 5,
        )

        assert not [each for each in found if isinstance(each, Exception)], found
        assert effects() == number
        committed.diane.chat.turns.filter(status="running").update(
            status="done", finished_at=timezone.now()
        )


def test_offer__lease_of_another_worker__sends_nothing(cast: Cast) -> None:
    import uuid

    phone = calls(cast.aline)
    ref = replace(phone.ref, token=uuid.uuid4())

    with pytest.raises(LeaseLost):
        buttons.offer(ref)

    assert phone.written == []

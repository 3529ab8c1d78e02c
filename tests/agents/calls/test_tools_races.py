"""Presses at the same moment: one effect, and a control that shows it could be more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from agents.calls import tools
from agents.models import Conversation, PendingAction
from agents.tools import confirmation
from agents.turns import tool_calls
from tests.agents.calls.phone import Phone, calls
from tests.vouchers.racing import race
from vouchers.models import VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.agents.cast import Cast


def asked(cast: Cast) -> Phone:
    phone = calls(cast.diane).verify()
    found = phone.asks("create_voucher", customer_msisdn="+250788100002", amount=5_000)
    assert found.asks == "confirm"
    return phone


def effects_of(*jobs: Callable[[], Any]) -> int:
    for answer in race(*jobs):
        assert not isinstance(answer, Exception), answer
    return VoucherEvent.objects.filter(kind="issued").count()


def test_confirm__ten_presses_at_once__one_effect(committed: Cast) -> None:
    for number in range(1, 4):
        phone = asked(committed)

        count = effects_of(*[partial(tools.confirm, phone.ref, is_yes=True)] * 10)

        assert count == number
        assert len(phone.written) == 1


def test_confirm__two_calls_of_one_person__each_answers_its_own_question(
    committed: Cast,
) -> None:
    phones = [asked(committed), asked(committed)]

    count = effects_of(
        *[partial(tools.confirm, phones[n % 2].ref, is_yes=True) for n in range(8)]
    )

    assert count == 2
    assert [len(phone.written) for phone in phones] == [1, 1]


def test_confirm__yes_and_no_at_once__one_of_them(committed: Cast) -> None:
    phone = asked(committed)

    count = effects_of(
        *[partial(tools.confirm, phone.ref, is_yes=n % 2 == 0) for n in range(8)]
    )

    status = PendingAction.objects.get().status
    assert (count, status) in {(1, "confirmed"), (0, "declined")}


def test_confirm__without_the_locks__the_control_executes_more(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(public_id: object) -> PendingAction:
        return PendingAction.objects.get(public_id=public_id)

    monkeypatch.setattr(
        tools, "lock_conversation", lambda pk: Conversation.objects.get(pk=pk)
    )
    monkeypatch.setattr(tools, "lock_turn", lambda **_: None)
    monkeypatch.setattr(confirmation, "lock_action", unlocked)
    executed: list[str] = []
    context_of = tool_calls.context_of

    def counted(claimed: Any, key: str, **more: Any) -> Any:
        executed.append(key)
        return context_of(claimed, key, **more)

    phone = asked(committed)
    monkeypatch.setattr(tool_calls, "context_of", counted)

    race(*[partial(tools.confirm, phone.ref, is_yes=True)] * 10)

    assert len(executed) > 1
    # The key of the voucher still holds.
    assert VoucherEvent.objects.filter(kind="issued").count() == 1

"""Every code of the error table, from the answer to its effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.models import HandOff, OutboundMessage, SendingLine
from agents.whatsapp.error_table import ACTIONS, Action, action_for, describe
from rollout.models import Incident, Notice
from tests.agents.outbound.delivering import deliver, make_conversation, say
from tests.fakes import graph as fake

if TYPE_CHECKING:
    from tests.fakes.graph import FakeGraph

State = OutboundMessage.State


@dataclass(frozen=True)
class Row:
    """What one class of the table does; `others` is what another person's gets."""

    codes: tuple[int, ...]
    state: State
    attempts: int
    hand_off: bool
    alarm: bool
    others: State
    held: bool


TABLE = {
    Action.RETRY: Row(
        (1, 2, 131000, 131016, 131057, 133016),
        *(State.QUEUED, 1, False, False, State.SENT, False),
    ),
    Action.SLOW: Row(
        (4, 80007, 130429), State.QUEUED, 1, False, False, State.QUEUED, True
    ),
    Action.PAIR: Row((131056,), State.QUEUED, 1, False, False, State.SENT, False),
    Action.WINDOW: Row((131047,), State.FAILED, 1, True, False, State.SENT, False),
    Action.PERSON: Row(
        (131026, 131050, 131021, 130472, 131049, 131062),
        *(State.FAILED, 1, True, False, State.SENT, False),
    ),
    Action.STOP: Row(
        (
            *(0, 10, 190, 131005, 131031, 131042, 131045, 131048, 131064, 368, 33),
            *(200, 250, 299),
        ),
        *(State.QUEUED, 0, False, True, State.QUEUED, True),
    ),
    Action.BUG: Row(
        (100, 131008, 131009, 131051, 131053, 132000, 132001, 132015, 132016, 135000),
        *(State.FAILED, 1, True, False, State.SENT, False),
    ),
}


@pytest.mark.parametrize("action", TABLE)
def test_deliver__each_code_of_an_action__has_the_effects_of_the_action(
    graph: FakeGraph, action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.outbound.sending.LONGEST_WAIT_S", 0.0)
    row = TABLE[action]
    for n, code in enumerate(row.codes):
        # Given
        SendingLine.objects.all().delete()
        person = make_conversation(msisdn=f"+2507881{n:05}")
        other = make_conversation(msisdn=f"+2507882{n:05}")
        graph.script(fake.refuse(code, 400))
        message, another = say(person, f"{code}"), say(other, f"other {code}")

        # When
        deliver(person)
        deliver(other)

        # Then
        message.refresh_from_db()
        another.refresh_from_db()
        seen = (message.state, message.attempts, another.state)
        assert seen == (row.state, row.attempts, row.others), code
        assert message.error_code == str(code)
        handed_over = HandOff.objects.filter(conversation=person)
        assert handed_over.exists() == row.hand_off, code
        pages = Notice.objects.filter(incident__severity="high")
        assert pages.exists() == row.alarm, code
        assert SendingLine.objects.filter(holds__gt=0).exists() == row.held, code
        assert OutboundMessage.objects.get(pk=message.pk).body == f"{code}"
        Notice.objects.all().delete()
        Incident.objects.update(status="resolved", resolved_at=timezone.now())


def test_action_for__all_codes__have_their_action() -> None:
    for action, row in TABLE.items():
        assert {action_for(code, 400) for code in row.codes} == {action}
    assert {action_for(code, 400) for code in range(200, 300)} == {Action.STOP}
    assert {action_for(code, 400) for code in range(132000, 132017)} == {Action.BUG}
    assert all(describe(str(code)).endswith(".") for code in ACTIONS)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (500, Action.RETRY),
        (503, Action.RETRY),
        (0, Action.RETRY),
        (429, Action.SLOW),
        (401, Action.STOP),
        (403, Action.STOP),
        (400, Action.BUG),
    ],
)
def test_action_for__unknown_code__decided_by_the_http_status(
    status: int, action: Action
) -> None:
    assert action_for(987654, status) == action
    assert action_for(None, status) == action

"""Every documented code, from the answer or the status to its effects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.inbound import process_events
from agents.models import HandOff, OutboundMessage, SendingLine
from agents.whatsapp.error_table import (
    CODES,
    RULES,
    UNKNOWN,
    Action,
    Rule,
    Scope,
    deciding_code,
    describe,
    rule_for,
)
from rollout.models import Incident, Notice
from tests.agents.channel import post
from tests.agents.outbound.delivering import deliver, make_conversation, say
from tests.agents.whatsapp import documented_codes
from tests.fakes import graph as fake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.graph import FakeGraph

State = OutboundMessage.State
DOCUMENT = Path(__file__).parents[3] / "docs" / "whatsapp-errors.md"


@dataclass(frozen=True)
class Effects:
    """What a rule does; `others` is the state of another person's message."""

    state: State
    attempts: int
    hand_off: bool
    severity: str
    others: State
    held: str


def spread(codes: Sequence[int]) -> set[int]:
    """Return a rule's first code, its last one, and one between."""
    answers = [code for code in codes if code <= 135000]
    return {answers[0], answers[len(answers) // 2], answers[-1]} if answers else set()


RETRIED = Effects(State.QUEUED, 1, False, "", State.SENT, "")
FAILED = Effects(State.FAILED, 1, True, "", State.SENT, "")
EFFECTS = {
    (Scope.TRANSIENT, Action.RETRY): RETRIED,
    (Scope.MESSAGE, Action.UNKNOWN): RETRIED,
    (Scope.PERSON, Action.PAIR): RETRIED,
    (Scope.PERSON, Action.WINDOW): FAILED,
    (Scope.PERSON, Action.PERSON): FAILED,
    (Scope.MESSAGE, Action.BUG): FAILED,
    (Scope.TEMPLATE, Action.TEMPLATE): Effects(
        State.FAILED, 1, True, "medium", State.SENT, ""
    ),
    (Scope.NUMBER, Action.SLOW): Effects(
        State.QUEUED, 1, False, "", State.QUEUED, "106540352242922"
    ),
    (Scope.NUMBER, Action.STOP): Effects(
        State.QUEUED, 0, False, "high", State.QUEUED, "106540352242922"
    ),
    (Scope.ACCOUNT, Action.SLOW): Effects(
        State.QUEUED, 1, False, "", State.QUEUED, "account"
    ),
    (Scope.ACCOUNT, Action.STOP): Effects(
        State.QUEUED, 0, False, "high", State.QUEUED, "account"
    ),
}
UNDOCUMENTED = (5, 9, 300, 999, 130000, 131061, 131999, 132017, 138099, 987654)
# Those that the product names besides the table.
NAMED = (0, 190, 100, 131000, 131021, 131047, 131050, 131052, 132001, 137000, 2494100)
# All codes of a rule are one way from its name on: these go the whole way. The codes
# above 135000 are never an answer to a message.
TRIED = sorted(
    {
        *(code for codes in CODES.values() for code in spread(codes)),
        *(*NAMED, *UNDOCUMENTED[::3]),
    }
)
STATUSES = (400, 200, 401, 403, 404, 429, 500, 503)


def check_effects(graph: FakeGraph, code: int, n: int, *, by_status: bool) -> None:
    # Given
    SendingLine.objects.all().delete()
    person = make_conversation(msisdn=f"+2507881{n:05}")
    other = make_conversation(msisdn=f"+2507882{n:05}")
    message, another = say(person, f"{code}"), say(other, f"other {code}")

    # When
    if by_status:
        deliver(person)
        post(graph.status_webhook(graph.sent[-1], "failed", error=code))
        process_events.process_stored_events()
    else:
        graph.script(fake.refuse(code, STATUSES[n % len(STATUSES)]))
        deliver(person)
    deliver(other)

    # Then
    message.refresh_from_db()
    another.refresh_from_db()
    expected = EFFECTS[RULES.get(code, UNKNOWN)]
    seen = Effects(
        State(message.state),
        message.attempts,
        HandOff.objects.filter(conversation=person).exists(),
        ",".join(
            Incident.objects.filter(resolved_at=None).values_list("severity", flat=True)
        ),
        State(another.state),
        ",".join(SendingLine.objects.filter(holds__gt=0).values_list("pk", flat=True)),
    )
    assert seen == expected, code
    assert message.error_code == str(code)
    assert Notice.objects.exclude(incident=None).exists() == bool(expected.severity)
    Notice.objects.all().delete()
    Incident.objects.update(status="resolved", resolved_at=timezone.now())


@pytest.mark.parametrize("part", range(4))
def test_deliver__codes_of_each_rule__have_its_effects(
    graph: FakeGraph, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The HTTP status varies and changes nothing."""
    monkeypatch.setattr("agents.outbound.sending.LONGEST_WAIT_S", 0.0)
    for n, code in list(enumerate(TRIED))[part::4]:
        check_effects(graph, code, n, by_status=False)


@pytest.mark.parametrize("part", range(4))
def test_status__codes_of_each_rule__have_its_effects(
    graph: FakeGraph, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.outbound.sending.LONGEST_WAIT_S", 0.0)
    for n, code in list(enumerate(TRIED))[part::4]:
        check_effects(graph, code, n, by_status=True)


def test_rule_for__each_documented_and_other_code__as_the_table_says() -> None:
    for code in (*RULES, *UNDOCUMENTED):
        assert rule_for(str(code)) == RULES.get(code, UNKNOWN), code


def test_rules__documented_codes__all_and_only_those() -> None:
    assert set(RULES) == documented_codes.CODES
    assert len(RULES) == sum(len(codes) for codes in CODES.values()), "twice"
    assert set(CODES) | {UNKNOWN} == {Rule(*each) for each in EFFECTS}


def test_document__lists_every_code_with_its_rule() -> None:
    listed: dict[int, Rule] = {}
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4 or cells[0] not in set(Scope):
            continue
        rule = Rule(Scope(cells[0]), Action(cells[1]))
        for first, last in re.findall(r"([0-9]+)(?:–([0-9]+))?", cells[2]):
            listed |= dict.fromkeys(range(int(first), int(last or first) + 1), rule)
    assert listed == RULES


@pytest.mark.parametrize(
    ("code", "scope"),
    [
        ("130497", Scope.PERSON),
        ("131056", Scope.PERSON),
        ("131026", Scope.PERSON),
        ("133010", Scope.NUMBER),
        ("131037", Scope.NUMBER),
        ("131048", Scope.NUMBER),
        ("130429", Scope.NUMBER),
        ("100.33", Scope.NUMBER),
        ("131031", Scope.ACCOUNT),
        ("368", Scope.ACCOUNT),
        ("131042", Scope.ACCOUNT),
        ("190", Scope.ACCOUNT),
        ("80007", Scope.ACCOUNT),
        ("100", Scope.MESSAGE),
        ("100.34", Scope.MESSAGE),
        ("132015", Scope.TEMPLATE),
        ("131000", Scope.TRANSIENT),
        *((f"http_{status}", Scope.MESSAGE) for status in (400, 401, 403, 429, 500)),
        ("", Scope.MESSAGE),
        ("nonsense", Scope.MESSAGE),
        ("-1", Scope.MESSAGE),
        ("1" * 40, Scope.MESSAGE),
    ],
)
def test_rule_for__code__its_scope(code: str, scope: Scope) -> None:
    assert rule_for(code).scope == scope
    assert describe(code).endswith(".")


@pytest.mark.parametrize(
    ("codes", "decides"),
    [
        ((), ""),
        (("131026", "131031"), "131031"),
        (("131000", "133010"), "133010"),
        (("987654", "131026"), "131026"),
        (("987654",), "987654"),
    ],
)
def test_deciding_code__several_errors__the_widest_scope(
    codes: tuple[str, ...], decides: str
) -> None:
    assert deciding_code(codes) == decides

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.policy.gate_figures import CheckResult, GateFacts
from rollout.policy.gates import GateVerdict, evaluate_gates, unmet
from rollout.policy.stages import NEVER_WAIVED, GateName, Stage, State
from tests.rollout.policy.facts import DAY, HOUR, NOW, facts, gate

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("stage", [Stage.INFRASTRUCTURE, Stage.SMOKE, Stage.BETA])
def test_gates__everything_as_it_should_be__all_met(stage: Stage) -> None:
    gates = evaluate_gates(facts(stage=stage))
    assert unmet(gates) == []
    assert GateName.PREFLIGHT in [gate.name for gate in gates]
    assert all(gate.value and gate.need for gate in gates)


def test_gates__production__has_none() -> None:
    assert evaluate_gates(facts(stage=Stage.PRODUCTION)) == []


def test_gates__nothing_known__none_is_met_that_needs_figures() -> None:
    # Given
    blank = GateFacts(Stage.BETA, State.ACTIVE, NOW - 30 * DAY, NOW, "v1")

    # When
    missing = {gate.name for gate in unmet(evaluate_gates(blank))}

    # Then
    assert missing == set(GateName) - {
        GateName.STATE,
        GateName.MEMBERS,
        GateName.DWELL,
        GateName.INCIDENTS,
        GateName.CHECKLIST,
    }


@pytest.mark.parametrize(
    ("name", "changed", "verdict", "value"),
    [
        (GateName.STATE, {"state": State.HELD, "state_reason": "Slow."}, "pending", "held: Slow."),
        (GateName.STATE, {"state": State.ROLLED_BACK}, "fail", "rolled back: "),
        (GateName.PREFLIGHT, {"preflight": None}, "no_data", "never run"),
        (
            GateName.PREFLIGHT,
            {"preflight": CheckResult(True, "v1", NOW - HOUR)},
            "fail",
            "passed 1 h ago",
        ),
        (
            GateName.PREFLIGHT,
            {"preflight": CheckResult(False, "v1", NOW, ("OpenAI key",))},
            "fail",
            "failed 0 s ago: OpenAI key",
        ),
        (GateName.SMOKE, {"smoke": None}, "no_data", "never run"),
        (
            GateName.SMOKE,
            {"release": "v2", "preflight": CheckResult(True, "v2", NOW)},
            "fail",
            "passed 1 d ago, on release v1; this is v2",
        ),
        (GateName.WATCH, {"acknowledged": ()}, "pending", "0 of 48 hours acknowledged"),
        (GateName.GUARDRAILS, {"evaluated_at": None}, "no_data", "the evaluator has not run"),
        (
            GateName.GUARDRAILS,
            {"evaluated_at": NOW - 4 * MINUTE},
            "no_data",
            "the evaluator has not run for 4 min",
        ),
        (GateName.GUARDRAILS, {"warnings": ("success on chat",)}, "fail", "success on chat"),
        (GateName.GUARDRAILS, {"silent": ("cost on chat",)}, "no_data", "no data: cost on chat"),
        (GateName.INCIDENTS, {"incidents": ("#7 Slow",)}, "fail", "#7 Slow"),
        (
            GateName.CHECKLIST,
            {"unticked": ("a", "b", "c", "d")},
            "fail",
            "4 not ticked: a; b; c; and 1 more",
        ),
        (GateName.CONTACTS, {"on_call": 0}, "fail", "no contact is on call"),
        (
            GateName.CONTACTS,
            {"unverified": ("Platform Lead",)},
            "fail",
            "Platform Lead",
        ),
        (GateName.ANNOUNCEMENT, {"announced_at": None}, "fail", "not sent"),
    ],
)  # fmt: skip
def test_gate__one_thing_amiss__says_what(
    name: GateName, changed: dict[str, object], verdict: str, value: str
) -> None:
    answer = gate(name, **changed)
    assert (answer.verdict, answer.value) == (verdict, value)
    assert [each.name for each in unmet(evaluate_gates(facts(**changed)))] == [name]


@pytest.mark.parametrize(
    ("members", "staff", "verdict"),
    [
        (4, 4, "fail"),
        (5, 5, "pass"),
        (10, 10, "pass"),
        (11, 11, "fail"),
        (7, 6, "fail"),
        (7, None, "no_data"),
    ],
)
def test_members__number_and_staff__five_to_ten_all_staff(
    members: int, staff: int | None, verdict: str
) -> None:
    smoke = gate(GateName.MEMBERS, stage=Stage.SMOKE, members=members, staff=staff)
    assert smoke.verdict == verdict


def test_dwell__seven_days_to_the_minute__met_then_and_not_before() -> None:
    early = gate(GateName.DWELL, entered_at=NOW - 7 * DAY + MINUTE)
    due = gate(GateName.DWELL, entered_at=NOW - 7 * DAY)
    assert (early.verdict, early.forecast) == ("pending", "about 1 minute")
    assert (due.verdict, due.value, due.need) == ("pass", "7 d", "7 d")


def test_dwell__clock_gone_backwards__is_no_time_at_all() -> None:
    answer = gate(GateName.DWELL, entered_at=NOW + DAY)
    assert (answer.verdict, answer.value) == ("pending", "0 s")
    assert answer.forecast == "about 7 days"


@pytest.mark.parametrize(
    ("hours", "verdict", "value"),
    [
        (range(48), "pass", "48 of 48"),
        (range(47), "pending", "47 of 48"),
        # A night without a watcher is not counted, and can be made up for.
        ([*range(20), *range(30, 50)], "pending", "40 of 48"),
        ([*range(20), *range(30, 60)], "pass", "50 of 48"),
        # Pressed often in one hour: still one hour.
        ([0] * 60, "pending", "1 of 48"),
        # The time before the stage is not counted.
        (range(-60, 0), "pending", "0 of 48"),
    ],
)
def test_watch__ticks__count_for_their_hours(
    hours: list[int], verdict: str, value: str
) -> None:
    entered = NOW - 8 * DAY
    ticks = tuple(entered + n * HOUR for n in hours)
    answer = gate(GateName.WATCH, acknowledged=ticks)
    assert answer.verdict == verdict
    assert answer.value.startswith(value)


def test_guardrails__no_figures_in_smoke__is_expected_there() -> None:
    silent = ("success on chat",)
    assert gate(GateName.GUARDRAILS, stage=Stage.SMOKE, silent=silent).is_met


def test_waiver__waivable_gate__lets_it_pass_and_says_so() -> None:
    answer = gate(GateName.DWELL, entered_at=NOW, waived=frozenset({GateName.DWELL}))
    assert (answer.verdict, answer.is_met) == (GateVerdict.WAIVED, True)
    assert answer.value == "0 s"


def test_waiver__gate_met_anyway__is_met_not_waived() -> None:
    assert gate(GateName.DWELL, waived=frozenset(GateName)).verdict == GateVerdict.MET


def test_waiver__what_is_never_waived__stays_unmet() -> None:
    # Given
    amiss = facts(
        state=State.HELD,
        preflight=None,
        smoke=None,
        leaks=1,
        incidents=("#1 Outage",),
        members=0,
        unticked=("a",),
        waived=frozenset(GateName),
    )

    # Then
    assert {each.name for each in unmet(evaluate_gates(amiss))} == NEVER_WAIVED


@given(
    stage=st.sampled_from(Stage),
    state=st.sampled_from(State),
    seconds=st.integers(-(10**7), 10**8),
    members=st.integers(0, 50),
    staff=st.none() | st.integers(0, 50),
    leaks=st.integers(0, 5),
    scanned=st.integers(0, 5),
    waived=st.frozensets(st.sampled_from(GateName)),
)
def test_gates__whatever_the_facts__each_answers_in_words(
    stage: Stage, state: State, seconds: int, **some: object
) -> None:
    entered = NOW - timedelta(seconds=seconds)
    for each in evaluate_gates(
        facts(stage=stage, state=state, entered_at=entered, **some)
    ):
        assert each.value
        assert each.need
        assert len(each.sentence) < 400

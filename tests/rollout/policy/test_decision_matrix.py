from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.core.features import Feature
from rollout.policy.decision_matrix import Circumstances, decide
from rollout.policy.verdicts import Action, Guardrail, Level, Severity, Verdict

PRODUCTION = Circumstances(stage="production")
BETA = Circumstances(stage="beta", warn_acts=True)

VERDICTS = st.builds(
    Verdict,
    guardrail=st.sampled_from(Guardrail),
    channel=st.sampled_from(["chat", "voice", "", "no such channel"]),
    level=st.sampled_from(Level),
    value=st.floats(0, 1_000),
    n=st.integers(0, 10_000),
    evidence=st.floats(0, 5),
    p95_s=st.none() | st.floats(0, 600),
    share_here=st.floats(0, 1),
    unattended_min=st.floats(0, 10_000),
)
SITUATIONS = st.builds(
    Circumstances,
    stage=st.sampled_from(["infrastructure", "smoke", "beta", "production"]),
    warn_acts=st.booleans(),
    partials=st.integers(0, 5),
    actions=st.integers(0, 5),
)


def breach(guardrail: Guardrail, value: float = 1.0, **facts: object) -> Verdict:
    verdict = Verdict(guardrail, "chat", Level.BREACH, value, n=40)
    return replace(verdict, **facts)  # type: ignore[arg-type]


@given(st.lists(VERDICTS, max_size=8), SITUATIONS)
def test_decide__anything_it_can_be_asked__has_an_answer(
    verdicts: list[Verdict], now: Circumstances
) -> None:
    decision = decide(verdicts, now)

    assert decision.sentence.endswith(".")
    if decision.action in {Action.QUICK, Action.FULL}:
        assert decision.features == frozenset(Feature)
    if decision.action in {Action.NONE, Action.HOLD}:
        assert not decision.features


@given(st.lists(VERDICTS, min_size=1, max_size=6), SITUATIONS)
def test_decide__one_verdict_more__never_makes_it_milder(
    verdicts: list[Verdict], now: Circumstances
) -> None:
    assert decide(verdicts, now).action >= decide(verdicts[1:], now).action


@given(st.sampled_from(Guardrail), SITUATIONS)
def test_decide__all_guardrails_hold__does_nothing(
    guardrail: Guardrail, now: Circumstances
) -> None:
    assert decide([Verdict(guardrail, "chat", Level.OK)], now).action == Action.NONE


@pytest.mark.parametrize(
    ("verdict", "action", "severity"),
    [
        (breach(Guardrail.PII), Action.FULL, Severity.CRITICAL),
        (breach(Guardrail.SUCCESS, 0.51), Action.QUICK, Severity.CRITICAL),
        (breach(Guardrail.SUCCESS, 0.35), Action.PARTIAL, Severity.HIGH),
        (breach(Guardrail.SUCCESS, 0.35, share_here=0.5), Action.QUICK, Severity.HIGH),
        (breach(Guardrail.SUCCESS, 0.15), Action.PARTIAL, Severity.MEDIUM),
        (
            breach(Guardrail.SUCCESS, 0.15, share_here=0.5),
            Action.DEMOTE,
            Severity.MEDIUM,
        ),
        (
            breach(Guardrail.LATENCY, 0.3, p95_s=11.0, is_very_slow=True),
            Action.PARTIAL,
            Severity.MEDIUM,
        ),
        (breach(Guardrail.LATENCY, 0.2, p95_s=7.0), Action.HOLD, Severity.MEDIUM),
        (
            breach(Guardrail.LATENCY, 0.2, p95_s=7.0, unattended_min=30),
            Action.PARTIAL,
            Severity.MEDIUM,
        ),
        (breach(Guardrail.COST, 5.0), Action.QUICK, Severity.HIGH),
        (breach(Guardrail.COST, 3.0), Action.HOLD, Severity.MEDIUM),
        (
            breach(Guardrail.COST, 3.0, unattended_min=31),
            Action.PARTIAL,
            Severity.MEDIUM,
        ),
        (breach(Guardrail.SPEND, 1.0), Action.QUICK, Severity.HIGH),
        (breach(Guardrail.PROBE, 5), Action.QUICK, Severity.CRITICAL),
        (breach(Guardrail.PROBE, 2), Action.HOLD, Severity.HIGH),
        (breach(Guardrail.VALUE), Action.PARTIAL, Severity.CRITICAL),
    ],
)
def test_decide__each_row_of_the_matrix__in_production(
    verdict: Verdict, action: Action, severity: Severity
) -> None:
    decision = decide([verdict], PRODUCTION)

    assert (decision.action, decision.severity) == (action, severity)


def test_decide__warning_in_beta__acts_like_a_breach() -> None:
    warning = breach(Guardrail.SUCCESS, 0.12, level=Level.WARN)

    assert decide([warning], BETA).action == Action.PARTIAL
    assert decide([warning], PRODUCTION).action == Action.HOLD


def test_decide__value_broken__stops_vouchers_and_lets_people_talk() -> None:
    assert decide([breach(Guardrail.VALUE)], PRODUCTION).features == {Feature.VOUCHERS}


def test_decide__second_partial_within_a_day__is_quick() -> None:
    now = replace(PRODUCTION, partials=1)

    assert decide([breach(Guardrail.SUCCESS, 0.15)], now).action == Action.QUICK


def test_decide__fourth_automatic_action_of_a_day__freezes() -> None:
    now = replace(PRODUCTION, actions=3)

    decision = decide([breach(Guardrail.SUCCESS, 0.15)], now)

    assert decision.frozen is True
    assert decision.features == frozenset(Feature)


@pytest.mark.parametrize(
    ("stage", "minutes", "action"),
    [
        ("production", 59, Action.HOLD),
        ("production", 60, Action.QUICK),
        ("beta", 60, Action.QUICK),
        ("smoke", 600, Action.HOLD),
    ],
)
def test_decide__no_data__holds_and_only_after_an_hour_acts(
    stage: str, minutes: int, action: Action
) -> None:
    silence = Verdict(Guardrail.DATA, "chat", Level.NO_DATA, unattended_min=minutes)

    assert decide([silence], Circumstances(stage=stage)).action == action


def test_decide__sentence__names_value_channel_and_sample() -> None:
    decision = decide([breach(Guardrail.SUCCESS, 0.35)], PRODUCTION)

    assert decision.sentence == "35% of tool calls fail on chat over 40 conversations."


def test_decide__same_was_done_a_moment_ago__is_not_repeated() -> None:
    now = replace(PRODUCTION, recent={"success:chat": Action.PARTIAL})

    assert decide([breach(Guardrail.SUCCESS, 0.15)], now).action == Action.NONE


def test_decide__worse_than_a_moment_ago__is_done() -> None:
    now = replace(PRODUCTION, recent={"success:chat": Action.PARTIAL})

    assert decide([breach(Guardrail.SUCCESS, 0.60)], now).action == Action.QUICK


def test_decide__repeat_of_one_hides_no_other() -> None:
    now = replace(PRODUCTION, recent={"success:chat": Action.PARTIAL})
    other = breach(Guardrail.SUCCESS, 0.15, channel="voice")

    decision = decide([breach(Guardrail.SUCCESS, 0.15), other], now)

    assert (decision.action, decision.key) == (Action.PARTIAL, "success:voice")


@given(st.lists(VERDICTS, max_size=6), SITUATIONS)
def test_decide__held_back__only_data_and_money_roll_back(
    verdicts: list[Verdict], now: Circumstances
) -> None:
    decision = decide(verdicts, replace(now, held_back=True))

    if decision.action > Action.HOLD:
        assert decision.because is not None
        assert decision.because.guardrail in {Guardrail.PII, Guardrail.SPEND}


def test_decide__only_looks_like_personal_data__holds_in_every_stage() -> None:
    looks = Verdict(Guardrail.PII, "", Level.WARN, value=3)

    assert decide([looks], BETA).action == Action.HOLD
    assert decide([looks], PRODUCTION).action == Action.HOLD


@given(st.lists(VERDICTS, max_size=6), SITUATIONS)
def test_decide__infrastructure__never_goes_back_a_stage(
    verdicts: list[Verdict], now: Circumstances
) -> None:
    decision = decide(verdicts, replace(now, stage="infrastructure"))

    assert decision.action != Action.DEMOTE

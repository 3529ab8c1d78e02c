from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.policy.effective_flag import (
    FlagReason,
    FlagRule,
    decide,
    is_on_for_anyone,
    is_on_for_everyone,
)

rules = st.builds(
    FlagRule,
    flag=st.sampled_from(["FEATURE_AGENT_CHAT", "FEATURE_AGENT_VOICE"]),
    everyone=st.sampled_from([True, False, None]),
    salt=st.text(min_size=1, max_size=8),
    threshold=st.integers(0, 10_000),
    cohorts=st.frozensets(st.just("beta")),
    members=st.frozensets(st.sampled_from(["aline", "diane"])),
    forced_off=st.booleans(),
)
subjects = st.one_of(st.none(), st.sampled_from(["aline", "bosco"]), st.text())


def limited(threshold: int = 0, **others: object) -> FlagRule:
    return FlagRule(
        flag="F",
        everyone=None,
        salt="s",
        threshold=threshold,
        **others,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("rule", "subject", "reason"),
    [
        (None, "aline", FlagReason.MISSING),
        (
            FlagRule(flag="F", everyone=True, forced_off=True),
            "aline",
            FlagReason.FORCED_OFF,
        ),
        (FlagRule(flag="F", everyone=False, threshold=10_000), "aline", FlagReason.OFF),
        (FlagRule(flag="F", everyone=True), None, FlagReason.EVERYONE),
        (limited(members=frozenset({"aline"})), "aline", FlagReason.COHORT),
        (limited(members=frozenset({"aline"})), "bosco", FlagReason.EXCLUDED),
        (limited(10_000), "bosco", FlagReason.PERCENT),
        (limited(10_000), None, FlagReason.PERCENT),
        (limited(9_999), None, FlagReason.EXCLUDED),
        (limited(0), "bosco", FlagReason.EXCLUDED),
    ],
)
def test_decide__each_rule__first_match_wins(
    rule: FlagRule | None, subject: str | None, reason: FlagReason
) -> None:
    assert decide(rule, subject).reason is reason


@given(rules, subjects)
def test_decide__any_rule__agrees_with_anyone_and_everyone(
    rule: FlagRule, subject: str | None
) -> None:
    # When
    on = decide(rule, subject).on

    # Then
    if is_on_for_everyone(rule):
        assert on is True
    if rule.forced_off or rule.everyone is False:
        assert on is False
    if on and rule.cohorts >= frozenset({"beta"}):
        assert is_on_for_anyone(rule) is True


@given(st.integers(0, 9_999), st.integers(1, 10_000), st.text(min_size=1))
def test_decide__share_grows__nobody_falls_out(
    small: int, more: int, subject: str
) -> None:
    # Given
    large = min(10_000, small + more)

    # Then
    if decide(limited(small), subject).on:
        assert decide(limited(large), subject).on


@given(rule=rules, subject=subjects)
def test_decide__our_own_probe__served_exactly_when_anybody_is(
    rule: FlagRule, subject: str | None
) -> None:
    on = decide(rule, subject, is_probe=True).on

    assert on is is_on_for_anyone(rule)


@given(rule=rules, subject=subjects)
def test_decide__no_probe__as_without_the_word(
    rule: FlagRule, subject: str | None
) -> None:
    assert decide(rule, subject) == decide(rule, subject, is_probe=False)
    assert decide(rule, subject).reason is not FlagReason.PROBE

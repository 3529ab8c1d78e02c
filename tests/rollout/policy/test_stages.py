from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.policy.stages import (
    TERMS,
    Audience,
    Stage,
    is_wider_than_stage,
    narrow_audience,
    stage_after_rollback,
    terms_of,
)

AUDIENCES = st.builds(
    Audience,
    everyone=st.booleans(),
    has_share=st.booleans(),
    cohorts=st.frozensets(st.sampled_from(["smoke", "beta", "friends"])),
)


def test_stages__order__is_the_guides() -> None:
    assert [stage.value for stage in Stage] == [
        "infrastructure",
        "smoke",
        "beta",
        "production",
    ]
    assert Stage.INFRASTRUCTURE.preceding is None
    assert Stage.PRODUCTION.following is None
    assert Stage.SMOKE.following == Stage.BETA
    assert Stage.BETA.preceding == Stage.SMOKE
    assert set(TERMS) == set(Stage)


def test_terms__numbers__are_the_guides() -> None:
    smoke, beta = terms_of("smoke"), terms_of("beta")
    assert smoke.min_dwell.total_seconds() == 24 * 3600
    assert beta.min_dwell.days == 7
    assert beta.close_watch.total_seconds() == 48 * 3600
    assert beta.min_conversations == 100
    assert (smoke.announce_to, beta.announce_to) == ("beta", "all")


@pytest.mark.parametrize(
    ("stage", "kind", "then"),
    [
        ("production", "quick", "beta"),
        ("beta", "quick", "smoke"),
        ("smoke", "quick", "smoke"),
        ("infrastructure", "quick", "infrastructure"),
        ("production", "full", "smoke"),
        ("beta", "full", "smoke"),
        ("infrastructure", "full", "infrastructure"),
        ("production", "partial", "production"),
    ],
)
def test_recovery__kind_of_rollback__says_where_it_begins(
    stage: str, kind: str, then: str
) -> None:
    assert stage_after_rollback(stage, kind=kind) == then


@pytest.mark.parametrize(
    ("audience", "stage", "left"),
    [
        (Audience(everyone=True), "production", Audience(everyone=True)),
        (Audience(everyone=True), "beta", Audience(cohorts=frozenset({"beta", "smoke"}))),
        (Audience(everyone=True), "infrastructure", Audience()),
        (Audience(has_share=True), "beta", Audience()),
        (
            Audience(has_share=True, cohorts=frozenset({"beta", "friends"})),
            "beta",
            Audience(cohorts=frozenset({"beta"})),
        ),
        (Audience(cohorts=frozenset({"beta"})), "smoke", Audience()),
    ],
)  # fmt: skip
def test_narrowed__audience__keeps_whom_the_stage_serves(
    audience: Audience, stage: str, left: Audience
) -> None:
    assert narrow_audience(audience, stage) == left


@given(AUDIENCES, st.sampled_from(Stage))
def test_narrowed__any_audience__is_not_wider_and_never_more(
    audience: Audience, stage: Stage
) -> None:
    left = narrow_audience(audience, stage)
    assert is_wider_than_stage(left, stage) is False
    assert left.everyone <= audience.everyone
    assert left.has_share <= audience.has_share
    assert audience.everyone or left.cohorts <= audience.cohorts
    assert (left == audience) or is_wider_than_stage(audience, stage)


@pytest.mark.parametrize(
    ("audience", "words"),
    [
        (Audience(), "no one"),
        (Audience(everyone=True), "everyone"),
        (
            Audience(has_share=True, cohorts=frozenset({"b", "a"})),
            "a percentage of people and cohort a and cohort b",
        ),
    ],
)
def test_audience__words__say_for_whom(audience: Audience, words: str) -> None:
    assert audience.words == words

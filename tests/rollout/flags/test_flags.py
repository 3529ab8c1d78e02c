from __future__ import annotations

from decimal import Decimal

import pytest

from rollout.core.errors import (
    InvalidChange,
    InvalidReason,
    RolloutError,
    UnknownCohort,
    UnknownFeature,
)
from rollout.core.features import Feature
from rollout.flags import cohorts, flags
from rollout.models import AgentFlag, FlagChange
from tests.rollout.conftest import ALINE, Switch

pytestmark = pytest.mark.django_db


def test_set_features__several__each_in_the_audit_log(switch: Switch) -> None:
    # Given
    switch(VOICE=True)

    # When
    changed = switch(CHAT=True, VOICE=False)

    # Then
    assert {
        c.flag.name: (c.before["everyone"], c.after["everyone"])
        for c in changed.changes
        if c.flag
    } == {
        "FEATURE_AGENT_CHAT": (False, True),
        "FEATURE_AGENT_VOICE": (True, False),
    }
    assert changed.fence_proven is True


def test_set_features__on_alone_after_a_limit__for_everyone(switch: Switch) -> None:
    # Given
    cohorts.make_cohort(name="beta")
    switch(CHAT=True, percent=10, cohorts=["beta"])

    # When
    switch(CHAT=True)

    # Then
    flag = AgentFlag.objects.get(name=Feature.CHAT)
    assert (flag.everyone, flag.percent, flag.cohorts.count()) == (True, None, 0)


def test_set_features__limit__only_for_those_set_on(switch: Switch) -> None:
    # When
    switch(CHAT=True, VOICE=False, percent=Decimal("0.5"))

    # Then
    chat = AgentFlag.objects.get(name=Feature.CHAT)
    voice = AgentFlag.objects.get(name=Feature.VOICE)
    assert (chat.everyone, chat.percent) == (None, Decimal("0.50"))
    assert (voice.everyone, voice.percent) == (False, None)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"percent": 0}, InvalidChange),
        ({"percent": 101}, InvalidChange),
        ({"percent": Decimal("NaN")}, InvalidChange),
        ({"percent": Decimal("0.001")}, InvalidChange),
        ({"cohorts": ["nobody"]}, UnknownCohort),
        ({"reason": " \t"}, InvalidReason),
        ({"reason": "a\nb"}, InvalidReason),
        ({"reason": "\ud800"}, InvalidReason),
        ({"reason": "x" * 501}, InvalidReason),
        ({"actor": ""}, InvalidChange),
        ({"changes": {}}, InvalidChange),
        ({"changes": {"FEATURE_OTHER": True}}, UnknownFeature),
        ({"changes": {Feature.CHAT: False}, "percent": 5}, InvalidChange),
    ],
)
def test_set_features__nonsense__refused_and_nothing_written(
    arguments: dict[str, object], error: type[RolloutError]
) -> None:
    # Given
    usual = {
        "changes": {Feature.CHAT: True, Feature.VOICE: True},
        "actor": "odette",
        "reason": "test",
        "source": "cli",
    } | arguments
    changes = usual.pop("changes")
    before = FlagChange.objects.count()

    # When
    with pytest.raises(error):
        flags.set_features(changes, **usual)  # type: ignore[arg-type]

    # Then
    assert FlagChange.objects.count() == before
    assert AgentFlag.objects.exclude(everyone=False).exists() is False


def test_add_member__twice__once_in_the_log() -> None:
    # Given
    cohorts.make_cohort(name="beta")

    # When
    answers = [cohorts.add_member("beta", ALINE, "odette") for _ in range(2)]

    # Then
    assert answers == [True, False]
    assert FlagChange.objects.filter(kind="member_added").count() == 1


@pytest.mark.parametrize("name", ["", "Beta", "a b", "é", "x" * 51, "-a", "a\n", "ａ"])
def test_make_cohort__odd_name__refused(name: str) -> None:
    with pytest.raises(InvalidChange):
        cohorts.make_cohort(name=name)


@pytest.mark.parametrize("subject", ["", " ", "a b", "é", "x" * 101, "a\x00"])
def test_add_member__odd_subject__refused(subject: str) -> None:
    # Given
    cohorts.make_cohort(name="beta")

    # Then
    with pytest.raises(InvalidChange):
        cohorts.add_member("beta", subject, "odette")

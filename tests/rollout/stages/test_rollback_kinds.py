from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout.core.errors import FullRollback, InvalidChange
from rollout.core.features import Feature
from rollout.flags.exposure import functions_are_removed, is_on_for_anyone
from rollout.flags.flags import set_features
from rollout.models import AgentFlag, Epoch, FlagChange, Incident, RollbackEvent
from rollout.stages.rollback import (
    restore,
    rollback_full,
    rollback_partial,
    rollback_quick,
)

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db
SAID = {"actor": "odette", "source": "cli"}


def test_partial__one_feature__the_others_stay_on(switch: Switch) -> None:
    # Given
    switch(CHAT=True, VOICE=True, VOUCHERS=True, CUSTOMER_LOOKUP=True)

    # When
    done = rollback_partial(features=[Feature.VOICE], reason="slow", **SAID)

    # Then
    assert done.rolled_back.turned_off == ("FEATURE_AGENT_VOICE",)
    assert is_on_for_anyone(Feature.CHAT) is True
    assert is_on_for_anyone(Feature.VOICE) is False
    assert Incident.objects.get().severity == "high"


def test_partial__no_feature__is_refused_and_writes_nothing(switch: Switch) -> None:
    # Given
    switch(CHAT=True)
    before = FlagChange.objects.count()

    # When
    with pytest.raises(InvalidChange):
        rollback_partial(features=[], reason="slow", **SAID)

    # Then
    assert FlagChange.objects.count() == before
    assert Incident.objects.exists() is False


def test_partial__twice__is_one_incident_and_one_change(switch: Switch) -> None:
    # Given
    switch(VOICE=True)
    for _ in range(2):
        rollback_partial(features=[Feature.VOICE], reason="slow", **SAID)

    # Then
    assert Incident.objects.count() == 1
    assert FlagChange.objects.filter(source="rollback").count() == 1
    assert RollbackEvent.objects.count() == 2


def test_full__everything_on__takes_the_functions_away_too(switch: Switch) -> None:
    # Given
    switch(CHAT=True, VOUCHERS=True)

    # When
    done = rollback_full(reason="start over", **SAID)

    # Then
    assert functions_are_removed() is True
    assert AgentFlag.objects.exclude(everyone=False).exists() is False
    assert done.rolled_back.epoch == Epoch.objects.get().version


def test_full__again__changes_nothing_more(switch: Switch) -> None:
    # Given
    switch(CHAT=True)
    rollback_full(reason="start over", **SAID)
    epoch = Epoch.objects.get().version

    # When
    rollback_full(reason="start over", **SAID)

    # Then
    assert Epoch.objects.get().version == epoch
    assert Incident.objects.count() == 1


@pytest.mark.parametrize("override", [False, True])
def test_full__turning_a_feature_on__is_refused_until_restored(
    switch: Switch, *, override: bool
) -> None:
    # Given
    switch(CHAT=True)
    rollback_full(reason="start over", **SAID)
    wish = {Feature.CHAT: True, Feature.VOUCHERS: False}

    # When
    with pytest.raises(FullRollback):
        set_features(wish, reason="too early", override=override, **SAID)

    # Then
    assert is_on_for_anyone(Feature.CHAT) is False
    set_features({Feature.VOICE: False}, reason="off is always allowed", **SAID)
    restore(reason="over", **SAID)
    set_features(wish, reason="now", override=True, **SAID)
    assert is_on_for_anyone(Feature.CHAT) is True


def test_restore__after_full__turns_nothing_on(switch: Switch) -> None:
    # Given
    switch(CHAT=True, VOUCHERS=True)
    rollback_full(reason="start over", **SAID)

    # When
    restore(reason="mended", **SAID)

    # Then
    assert functions_are_removed() is False
    assert AgentFlag.objects.exclude(everyone=False).exists() is False
    assert RollbackEvent.objects.first().kind == "restore"  # type: ignore[union-attr]


def test_restore__nothing_taken_away__is_refused(switch: Switch) -> None:
    # Given
    rollback_quick(reason="a drill", **SAID)

    # When
    with pytest.raises(InvalidChange):
        restore(reason="mended", **SAID)

    # Then
    assert RollbackEvent.objects.filter(kind="restore").exists() is False

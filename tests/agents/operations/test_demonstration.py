from __future__ import annotations

import pytest
from django.utils import timezone

from agents.operations import demonstration
from rollout.core import clock
from rollout.core.features import Feature
from rollout.flags import flags
from rollout.models import AgentFlag, FlagChange, Incident
from tests.rollout.guardrail_cases import FakeClock, tick
from vouchers.models import Profile, Voucher


@pytest.mark.django_db
def test_seed__again_after_a_switch_off__turns_nothing_on_and_adds_nothing() -> None:
    # Given
    demonstration.seed()
    assert AgentFlag.objects.filter(everyone=True).count() == len(Feature)
    flags.set_features(
        dict.fromkeys(Feature, False),
        actor="odette",
        reason="enough",
        source=FlagChange.Source.CLI,
    )
    vouchers = Voucher.objects.count()

    # When
    demonstration.seed()

    # Then
    assert AgentFlag.objects.filter(everyone=True).count() == 0
    assert Voucher.objects.count() == vouchers == 5
    assert sorted(Voucher.objects.values_list("status", flat=True)) == [
        "issued",
        "issued",
        "pending_approval",
        "redeemed",
        "void",
    ]
    assert Profile.objects.filter(is_sandbox=True).count() == 6


@pytest.mark.django_db
def test_seed__evaluator_looks_for_two_hours__leaves_it_alone() -> None:
    # Given
    demonstration.seed()
    now = FakeClock(timezone.now())

    # When
    with clock.use(now):
        found = []
        for _ in range(8):
            now.advance(minutes=15)
            found.append(tick())

    # Then
    assert {evaluation.action for evaluation in found} == {"none"}
    assert AgentFlag.objects.filter(everyone=True).count() == len(Feature)
    assert Incident.objects.exists() is False


@pytest.mark.django_db
def test_open_login__again__keeps_the_password() -> None:
    _, first = demonstration.open_login()
    user, second = demonstration.open_login()

    assert first is not None
    assert second is None
    assert user.check_password(first)
    assert not user.is_superuser
    assert list(user.groups.values_list("name", flat=True)) == ["operator"]

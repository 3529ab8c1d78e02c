from __future__ import annotations

import pytest

from rollout.core import clock
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from rollout.models import Incident
from rollout.plan import plan as plans
from rollout.stages import plan_state
from rollout.stages.rollback import rollback_quick
from tests.rollout.plan_cases import ODETTE, Fake, began

pytestmark = pytest.mark.django_db


def test_recovery__in_infrastructure__takes_the_time_alone() -> None:
    # Given
    time = Fake()
    began(time.at)
    with clock.use(time):
        rollback_quick(reason="outage", **ODETTE)
        time.advance(minutes=1)
        set_features({Feature.CHAT: True}, reason="mended", override=True, **ODETTE)
        Incident.objects.update(status="mitigated", mitigated_at=time.at)
        time.advance(hours=1, minutes=59)
        assert plan_state.settle() is None

        # When
        time.advance(minutes=1)
        change = plan_state.settle()

    # Then
    assert change is not None
    assert "conversations" not in change.reason
    plan = plans.current()
    assert (plan.run.stage, plan.state) == ("infrastructure", "active")

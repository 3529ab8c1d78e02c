"""From an empty deployment to production, by everything the guide asks for."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rollout.core import clock
from rollout.core.errors import GatesUnmet
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.flags.flags import set_features
from rollout.models import (
    GateResult,
)
from rollout.plan import plan as plans
from rollout.stages import stages
from tests.rollout.plan_cases import ODETTE, Fake
from tests.rollout.promotion import (
    DAY,
    START,
    advance,
    announce,
    check_all,
    judged,
    looked,
    name_contacts,
    names,
    talk,
    tick_all,
    to_beta,
    to_smoke,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    monkeypatch.setattr(
        ports, "is_staff", lambda subjects: dict.fromkeys(subjects, True)
    )
    fake = Fake(START)
    with clock.use(fake):
        yield fake


@contextmanager
def refused(*gates: str) -> Iterator[None]:
    with pytest.raises(GatesUnmet):
        stages.advance(reason="please", **ODETTE)
    assert names() == set(gates)
    yield


def test_way_up__everything_done__three_steps_and_not_one_sooner(time: Fake) -> None:
    # Given
    assert names() == {"preflight", "checklist", "contacts"}
    to_smoke()
    with refused("dwell", "members", "pii", "guardrails", "announcement", "checklist"):
        pass
    to_beta(time)
    entered = time.at
    set_features({Feature.CHAT: True}, reason="beta", cohorts=["beta"], **ODETTE)

    # When
    watch(time, 48)
    talk(100)
    announce("all")
    tick_all()
    looked()
    time.at = entered + 7 * DAY - timedelta(minutes=1)
    name_contacts()
    check_all()
    judged()

    # Then
    with refused("dwell"):
        pass
    assert plans.current().run.stage == "beta"
    time.advance(minutes=1)
    assert advance() == "production"
    assert stages.gates_now() == []
    last = GateResult.objects.filter(run__stage="beta", gate="dwell")
    assert [row.verdict for row in last] == ["pass", "pending"]
    assert [row.value for row in last] == ["7 d", "6 d 23 h"]

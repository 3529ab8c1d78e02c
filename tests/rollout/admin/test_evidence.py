from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from easymo.observability import findings
from easymo.observability.leaks import QueuedFinding
from easymo.observability.models import LeakFinding
from rollout.evidence import observations
from rollout.models import Observation
from tests.canaries import ALINE
from tests.rollout.evidence.test_observations import finished

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def test_observations__viewer__sees_figures_and_nobody(pascal: Client) -> None:
    observations.record_observation(finished("chat:1:1"))
    observations.record_observation(
        finished("chat:2:2", cost=None, latencies_ms=[], turns=0)
    )
    row = Observation.objects.get(source_key="chat:1:1")

    page = pascal.get(reverse("admin:rollout_observation_changelist")).content.decode()
    own = pascal.get(reverse("admin:rollout_observation_change", args=[row.pk]))

    assert "11.0 s" in page
    assert "unknown" in page
    assert row.conversation_key not in page
    assert row.conversation_key not in own.content.decode()


def test_leaks__viewer__sees_where_and_not_what(pascal: Client) -> None:
    findings.write(
        [QueuedFinding("msisdn", "stderr", ALINE.msisdn, True, None)], Counter()
    )
    row = LeakFinding.objects.get()

    page = pascal.get(reverse("admin:observability_leakfinding_changelist"))
    own = pascal.get(reverse("admin:observability_leakfinding_change", args=[row.pk]))

    for shown in (page, own):
        text = shown.content.decode()
        assert "stderr" in text
        assert ALINE.msisdn[4:] not in text

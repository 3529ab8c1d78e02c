from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from agents.models import Conversation
from agents.outcomes import spending
from tests.agents.cast import Cast, make_cast
from tests.agents.outcomes.test_recording import MINUTE, talked


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def test_since__real_turns__are_summed_and_unknown_prices_counted(cast: Cast) -> None:
    talked(cast.aline, MINUTE, cost=Decimal("0.25"))
    talked(cast.bosco, MINUTE, cost=None)
    talked(cast.bosco, MINUTE, cost=None, model="")
    Conversation.objects.filter(pk=cast.claudine.chat.pk).update(is_synthetic=True)
    talked(cast.claudine, MINUTE, cost=Decimal(9))
    before: datetime = timezone.now() - timedelta(hours=1)

    found = spending.since(before)

    assert found.usd == Decimal("0.25")
    assert found.unpriced == 1
    assert spending.since(timezone.now()).usd == 0

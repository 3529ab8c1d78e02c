from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from rollout.core import clock
from rollout.core.ports import Spend, ports
from tests.rollout.guardrail_cases import EVERYTHING, FakeClock, enter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rollout.conftest import Switch


@pytest.fixture
def now() -> Iterator[FakeClock]:
    fake = FakeClock()
    with clock.use(fake):
        yield fake


@pytest.fixture(autouse=True)
def _prices_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "spend_since", lambda _at: Spend(Decimal(1), 0))
    monkeypatch.setattr(ports, "value_errors_since", lambda _at: 0)


@pytest.fixture
def production(now: FakeClock, switch: Switch) -> None:
    enter("production")
    switch(**EVERYTHING)

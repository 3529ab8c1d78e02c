from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout import clock
from tests.rollout.plan import Fake, began

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def time() -> Iterator[Fake]:
    """Give a clock that only the test moves; the plan began by it."""
    fake = Fake()
    began(fake.at)
    with clock.use(fake):
        yield fake

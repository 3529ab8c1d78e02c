from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agents.cast import make_cast

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.cast import Cast


@pytest.fixture
def cast(db: None, whatsapp: SettingsWrapper) -> Cast:
    """Return the people, in a transaction of the test."""
    return make_cast()


@pytest.fixture
def committed(committed_db: str, whatsapp: SettingsWrapper) -> Cast:
    """Return the people, committed: for threads and async code."""
    return make_cast()

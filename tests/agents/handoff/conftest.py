from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.agents.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def odette(db: None) -> User:
    return User.objects.create_user("odette")


@pytest.fixture
def pascal(db: None) -> User:
    return User.objects.create_user("pascal")

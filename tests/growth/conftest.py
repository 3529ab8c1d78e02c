from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from tests import databases
from tests.growth.seeding import seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker


@pytest.fixture(scope="package")
def seeded(
    template_database: str, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """Let a database grow, once."""
    with (
        django_db_blocker.unblock(),
        databases.clone(template_database, label="seeded") as name,
    ):
        with databases.using(name):
            seed()
        yield name


@pytest.fixture(scope="module")
def grown_database(seeded: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Give a database that has grown to the tests of a module."""
    with (
        django_db_blocker.unblock(),
        databases.clone(seeded, label="grown") as name,
    ):
        yield name


@pytest.fixture
def grown(grown_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Run the test in that database, in a transaction that is rolled back."""
    with (
        django_db_blocker.unblock(),
        databases.using(grown_database),
        transaction.atomic(),
    ):
        yield
        transaction.set_rollback(True)

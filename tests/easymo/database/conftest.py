from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.easymo.database import supabase
from tests.easymo.database.supabase import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker


@pytest.fixture(scope="package")
def migrated(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """Give a Supabase-like database, migrated by an owner for a runtime role.

    Its tests leave it as they found it.
    """
    with supabase.database() as name:
        migrate(name)
        yield name

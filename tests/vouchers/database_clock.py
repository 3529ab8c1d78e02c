"""Set the clock of the voucher functions in the database, and of Python."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest import mock

from django.db import connection
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

FUNCTION = """
CREATE OR REPLACE FUNCTION voucher_now() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$ SELECT {} $$
"""


@contextmanager
def database_clock(moment: datetime) -> Iterator[None]:
    """Let voucher operations happen at this moment."""
    _replace(f"'{moment.isoformat()}'::timestamptz")
    try:
        with mock.patch("django.utils.timezone.now", return_value=moment):
            yield
    finally:
        _replace("clock_timestamp()")


@contextmanager
def before_it_expired(days: int = 91) -> Iterator[None]:
    """Let operations happen in the past, so that a new voucher is expired by now."""
    with database_clock(timezone.now() - timedelta(days=days)):
        yield


def _replace(expression: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FUNCTION.format(expression))

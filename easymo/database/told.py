"""Commands say in a sentence that the database did not do it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.core.management.base import CommandError
from django.db import Error

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def telling() -> Iterator[None]:
    """Turn an error of the database into the end of a command, without its detail."""
    try:
        yield
    except Error as error:
        raise CommandError(
            f"The database did not do it: {type(error).__name__}."
            " Is it reachable, and migrated?"
        ) from error

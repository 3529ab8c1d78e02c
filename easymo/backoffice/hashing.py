"""Passwords are hashed by a few threads at a time.

Argon2 takes a tenth of a second of processor time and 100 MB. Without a bound, sign-ins
at the same time would take every thread and make all other pages wait.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import Argon2PasswordHasher

if TYPE_CHECKING:
    from collections.abc import Iterator

# Hashes of this process at the same time, and as many callers that wait for them.
AT_ONCE = 2
WAITING = 2
PATIENCE_S = 5.0
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)
_running = threading.BoundedSemaphore(AT_ONCE)


class HashingBusy(Exception):
    """Too many passwords are being checked; this one was not."""


@contextmanager
def place() -> Iterator[None]:
    """Wait for a turn to hash; raise `HashingBusy` when too many wait already."""
    if not _places.acquire(blocking=False):
        raise HashingBusy
    try:
        if not _running.acquire(timeout=PATIENCE_S):
            raise HashingBusy
        try:
            yield
        finally:
            _running.release()
    finally:
        _places.release()


class BoundedArgon2(Argon2PasswordHasher):
    """Django's Argon2, a few at a time."""

    def encode(self, password: Any, salt: Any) -> str:
        with place():
            return str(super().encode(password, salt))

    def verify(self, password: Any, encoded: Any) -> bool:
        with place():
            return bool(super().verify(password, encoded))

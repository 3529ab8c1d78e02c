"""Guessing locks people, stations and devices, over all channels together.

Redeeming counts by itself, in its own statement. Whoever else takes a code or an
unknown number from a person asks here first, and tells here what did not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from vouchers.errors import Locked

if TYPE_CHECKING:
    from vouchers.actors import Actor

_SCOPES = "(voucher_who_is(%s, %s, %s)).scopes"


def check(*, actor: Actor) -> None:
    """Raise ``Locked`` while this person, their station or device is locked."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT voucher_locked_for({_SCOPES})", _who(actor))
        seconds = cursor.fetchone()[0]
    if seconds is not None:
        raise Locked(seconds)


def count_failure(*, actor: Actor) -> None:
    """Count one code that did not fit. A slip of the check digit is not one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT voucher_count_guess({_SCOPES})", _who(actor))


def _who(actor: Actor) -> list[str | None]:
    return [actor.kind, actor.id, actor.device]

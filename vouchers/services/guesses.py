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
    from vouchers.models import Station

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


def check_station(*, station: Station) -> None:
    """Raise ``Locked`` while this station is locked, whoever stands there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT voucher_locked_for(ARRAY[%s])", [_place(station)])
        seconds = cursor.fetchone()[0]
    if seconds is not None:
        raise Locked(seconds)


def count_station_failure(*, station: Station) -> None:
    """Count a failure for the station of a program, as its staff's are."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT voucher_count_guess(ARRAY[%s])", [_place(station)])


def _place(station: Station) -> str:
    return f"station:{station.pk}"


def _who(actor: Actor) -> list[str | None]:
    return [actor.kind, actor.id, actor.device]

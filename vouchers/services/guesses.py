"""Lock people, stations and devices that enter too many wrong codes on all channels.

``redeem_voucher`` counts wrong codes by itself. Other code that takes a voucher code
or an unknown number calls ``check`` first and ``count_failure`` after a failure.
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
    """Raise ``Locked`` while the person, their station or device is locked."""
    _check(_SCOPES, _who(actor))


def count_failure(*, actor: Actor) -> None:
    """Count one wrong code. A code with a wrong check digit is not counted."""
    _count(_SCOPES, _who(actor))


def check_station(*, station: Station) -> None:
    """Raise ``Locked`` while the station is locked."""
    _check("ARRAY[%s]", [f"station:{station.pk}"])


def count_station_failure(*, station: Station) -> None:
    """Count one wrong code of an API token for its station."""
    _count("ARRAY[%s]", [f"station:{station.pk}"])


def _check(scopes: str, values: list[str | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT voucher_locked_for({scopes})", values)
        seconds = cursor.fetchone()[0]
    if seconds is not None:
        raise Locked(seconds)


def _count(scopes: str, values: list[str | None]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT voucher_count_guess({scopes})", values)


def _who(actor: Actor) -> list[str | None]:
    return [actor.kind, actor.id, actor.device]

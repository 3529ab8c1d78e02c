"""Lock people, stations, devices and tokens that guess codes or numbers.

``redeem_voucher`` counts wrong codes by itself. Other code that takes a voucher code
calls ``check`` first and ``count_failure`` after a failure; code that looks up a number or
a reference calls ``check_unknown`` and ``count_unknown``. Each principal has one limit of
all that it asks for and does not exist, on all channels. Counting raises ``Locked`` when
a concurrent call reached the limit first: the answer must then be the lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from easymo.sentences import translatable
from vouchers.errors import Locked

if TYPE_CHECKING:
    from vouchers.actors import Actor
    from vouchers.models import Station

_SCOPES = "(voucher_who_is(%s, %s, %s)).scopes"
_UNKNOWN = """
ARRAY(SELECT s FROM unnest((voucher_who_is(%s, %s, %s)).scopes) s
       WHERE s LIKE 'unknown:%%')
"""
_CODES = translatable("wrong codes")
_NUMBERS = translatable("unknown numbers")


def check(*, actor: Actor) -> None:
    """Raise ``Locked`` while the person, their station or device is locked."""
    _check(_SCOPES, _who(actor))


def count_failure(*, actor: Actor) -> None:
    """Count one wrong code. A code with a wrong check digit is not counted."""
    _count(_SCOPES, _who(actor))


def check_unknown(*, actor: Actor) -> None:
    """Raise ``Locked`` while the principal asked for too much that does not exist.

    Known ones are refused as well: otherwise the lock would tell them apart.
    """
    _check(_UNKNOWN, _who(actor), _NUMBERS)


def count_unknown(*, actor: Actor) -> None:
    """Count one unknown number or reference."""
    _count(_UNKNOWN, _who(actor), _NUMBERS)


def check_station(*, station: Station) -> None:
    """Raise ``Locked`` while the station is locked."""
    _check("ARRAY[%s]", [f"station:{station.pk}"])


def count_station_failure(*, station: Station) -> None:
    """Count one wrong code of an API token for its station."""
    _count("ARRAY[%s]", [f"station:{station.pk}"])


def _check(scopes: str, values: list[str | None], what: str = _CODES) -> None:
    _ask("voucher_locked_for", scopes, values, what)


def _count(scopes: str, values: list[str | None], what: str = _CODES) -> None:
    _ask("voucher_count_guess", scopes, values, what)


def _ask(function: str, scopes: str, values: list[str | None], what: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({scopes})", values)
        (seconds,) = cursor.fetchone()
    if seconds is not None:
        raise Locked(seconds, what)


def _who(actor: Actor) -> list[str | None]:
    return [actor.kind, actor.id, actor.device]

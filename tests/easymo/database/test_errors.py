from __future__ import annotations

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import Error, InterfaceError, connection, transaction
from procrastinate.exceptions import ConnectorException

from easymo.database.errors import is_transient
from tests.refusing import PASSING, refusing


def raised(code: str) -> Error:
    with (
        refusing("auth_group", code),
        pytest.raises(Error) as caught,
        transaction.atomic(),
    ):
        Group.objects.create(name="x")
    return caught.value


@pytest.mark.django_db
@pytest.mark.parametrize("code", [*PASSING, "25P03", "08006", "40001"])
def test_is_transient__database_unavailable__true(code: str) -> None:
    assert is_transient(raised(code))


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["23505", "22P02", "42501", "42P01", "25P02", "P0001"])
def test_is_transient__statement_refused__false(code: str) -> None:
    assert not is_transient(raised(code))


@pytest.mark.django_db
def test_is_transient__read_only_transaction__true() -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(Error) as caught, transaction.atomic():
            Group.objects.create(name="x")
    assert is_transient(caught.value)


def test_is_transient__driver_errors__like_djangos() -> None:
    # As the queue's connector hands it on.
    wrapped = ConnectorException()
    wrapped.__cause__ = psycopg.OperationalError("gone")
    assert is_transient(wrapped.__cause__)
    assert is_transient(InterfaceError("connection already closed"))
    assert not is_transient(ValueError("no"))
    assert not is_transient(psycopg.errors.SyntaxError("no"))

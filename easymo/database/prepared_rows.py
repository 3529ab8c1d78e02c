"""Insert or update one row by a statement whose SQL is built once; see `prepared`.

Replaces `save(force_insert=True)` and `save(update_fields=...)` for rows that are
written for every message. It sends no Django signals; this project has none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.models import DateField, Field

from easymo.database import statements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

    type AnyField = Field[Any, Any]


class RowIsGone(DatabaseError):
    """The row to be written no longer exists."""


# For the kinds of fields that store values of one type unchanged: that type.
UNCHANGED = {
    "CharField": str,
    "TextField": str,
    "BooleanField": bool,
    "UUIDField": UUID,
    **dict.fromkeys(
        (
            *("AutoField", "BigAutoField", "SmallIntegerField", "IntegerField"),
            *("BigIntegerField", "PositiveSmallIntegerField", "PositiveIntegerField"),
        ),
        int,
    ),
}


class _Value(NamedTuple):
    """A field, and the type of values that need no conversion by Django, if any."""

    name: str
    field: AnyField
    unchanged: type | None


class _Text(NamedTuple):
    """A statement, and the values that it takes, in order."""

    sql: str
    values: tuple[_Value, ...]


def insert(row: Model, **expressions: tuple[str, Any]) -> None:
    """Insert a new row and set its primary key.

    Values that the database computes, such as its clock, are given as SQL with one
    parameter, by field name; the object does not learn them.
    """
    said = tuple((name, sql) for name, (sql, _) in expressions.items())
    text = _insert_of(type(row), said)
    connection = connections[DEFAULT_DB_ALIAS]
    values = _values(row, text, connection, add=True)
    values += [value for _, value in expressions.values()]
    [(row.pk,)] = statements.rows(text.sql, values)
    row._state.adding = False
    row._state.db = connection.alias


def update(row: Model, names: Iterable[str]) -> None:
    """Write these fields of the row; raise RowIsGone when it does not exist."""
    text = _update_of(type(row), tuple(names))
    connection = connections[DEFAULT_DB_ALIAS]
    values = _values(row, text, connection, add=False)
    if statements.execute(text.sql, [*values, row.pk]) != 1:
        raise RowIsGone


def _values(
    row: Model, text: _Text, connection: BaseDatabaseWrapper, *, add: bool
) -> list[Any]:
    found = []
    for name, field, unchanged in text.values:
        value = getattr(row, name)
        if unchanged is None or not (value is None or type(value) is unchanged):
            value = field.get_db_prep_save(field.pre_save(row, add), connection)
        found.append(value)
    return found


def _value(field: AnyField) -> _Value:
    if isinstance(field, DateField):
        # Its own clock may set it; otherwise only an absent time needs no conversion.
        is_set = field.auto_now or field.auto_now_add
        return _Value(field.attname, field, None if is_set else type(None))
    target = field.target_field if field.is_relation else field  # type: ignore[attr-defined]
    kind = UNCHANGED.get(target.get_internal_type())
    return _Value(field.attname, field, kind)


@cache
def _insert_of(model: type[Model], said: tuple[tuple[str, str], ...]) -> _Text:
    key = model._meta.pk
    is_made = key.get_internal_type().endswith("AutoField")
    others = [_field(model, name) for name, _ in said]
    fields = tuple(
        field
        for field in model._meta.concrete_fields
        if not (is_made and field is key) and field not in others
    )
    columns = ", ".join(_column(field) for field in [*fields, *others])
    places = ", ".join([*["%s"] * len(fields), *(sql for _, sql in said)])
    return _Text(
        f"INSERT INTO {_table(model)} ({columns})"  # noqa: S608 - our own names
        f" VALUES ({places}) RETURNING {_column(key)}",
        tuple(map(_value, fields)),
    )


@cache
def _update_of(model: type[Model], names: tuple[str, ...]) -> _Text:
    fields = tuple(_field(model, name) for name in names)
    pairs = ", ".join(f"{_column(field)} = %s" for field in fields)
    key = _column(model._meta.pk)
    sql = f"UPDATE {_table(model)} SET {pairs} WHERE {key} = %s"  # noqa: S608
    return _Text(sql, tuple(map(_value, fields)))


def _field(model: type[Model], name: str) -> AnyField:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return field


def _table(model: type[Model]) -> str:
    return f'"{model._meta.db_table}"'


def _column(field: AnyField) -> str:
    return f'"{field.column}"'

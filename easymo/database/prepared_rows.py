"""Insert or update one row by a statement whose SQL is built once; see `prepared`.

Replaces `save(force_insert=True)` and `save(update_fields=...)` for rows that are
written for every message. It sends no Django signals; this project has none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import DatabaseError, connection
from django.db.models import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import Model

    type AnyField = Field[Any, Any]


class RowIsGone(DatabaseError):
    """The row to be written no longer exists."""


class _Text(NamedTuple):
    """A statement, and the fields whose values it takes, in order."""

    sql: str
    fields: tuple[AnyField, ...]


def insert(row: Model, **expressions: tuple[str, Any]) -> None:
    """Insert a new row and set its primary key.

    Values that the database computes, such as its clock, are given as SQL with one
    parameter, by field name; the object does not learn them.
    """
    said = tuple((name, sql) for name, (sql, _) in expressions.items())
    text = _insert_of(type(row), said)
    values = _values(row, text.fields, add=True)
    with connection.cursor() as cursor:
        cursor.execute(
            text.sql, [*values, *(value for _, value in expressions.values())]
        )
        row.pk = cursor.fetchone()[0]
    row._state.adding = False
    row._state.db = connection.alias


def update(row: Model, names: Iterable[str]) -> None:
    """Write these fields of the row; raise RowIsGone when it does not exist."""
    text = _update_of(type(row), tuple(names))
    values = _values(row, text.fields, add=False)
    with connection.cursor() as cursor:
        cursor.execute(text.sql, [*values, row.pk])
        if cursor.rowcount != 1:
            raise RowIsGone


def _values(row: Model, fields: Sequence[AnyField], *, add: bool) -> list[Any]:
    return [
        field.get_db_prep_save(field.pre_save(row, add), connection) for field in fields
    ]


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
        fields,
    )


@cache
def _update_of(model: type[Model], names: tuple[str, ...]) -> _Text:
    fields = tuple(_field(model, name) for name in names)
    pairs = ", ".join(f"{_column(field)} = %s" for field in fields)
    key = _column(model._meta.pk)
    sql = f"UPDATE {_table(model)} SET {pairs} WHERE {key} = %s"  # noqa: S608
    return _Text(sql, fields)


def _field(model: type[Model], name: str) -> AnyField:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return field


def _table(model: type[Model]) -> str:
    return f'"{model._meta.db_table}"'


def _column(field: AnyField) -> str:
    return f'"{field.column}"'

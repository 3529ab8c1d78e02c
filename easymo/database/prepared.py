"""Queries whose SQL Django builds only once.

Django builds the SQL of a query each time it runs: three quarters of the processor time
of reading a row. A query that runs for every message is written as usual, with slots
for its values, and its SQL is built on first use:

    RUNNING = Prepared(lambda: Turn.objects.filter(pk=slot("turn"), status="running"))
    turn = RUNNING.first(turn=7)

A slot takes its value unchanged: a number, a text, a UUID, a time, a list. All other values
are part of the text, which the server plans once; see `statements`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Value
from django.db.models.query import get_related_populators
from django.db.transaction import TransactionManagementError
from psycopg.sql import Literal

from easymo.database import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model, QuerySet


class _Slot(NamedTuple):
    name: str


def slot(name: str) -> Value:
    """Return the placeholder for a value that is given when the query runs."""
    return Value(_Slot(name))


class Prepared[M: Model]:
    """A query for rows of one model and of its selected relations."""

    def __init__(self, build: Callable[[], QuerySet[M]]) -> None:
        self._build = build
        self._plan: _Plan[M] | None = None

    def all(self, **values: Any) -> list[M]:
        """Return all rows for these values."""
        plan = self._plan
        if plan is None:
            plan = self._plan = _Plan(self._build())
        return plan.ask(values)

    def first(self, **values: Any) -> M | None:
        """Return the first row or None; the query itself must set the limit."""
        found = self.all(**values)
        return found[0] if found else None


class _Plan[M: Model]:
    """The SQL, and how its rows become objects: Django's own steps, done once."""

    def __init__(self, queryset: QuerySet[M]) -> None:
        query = queryset.query
        connection = connections[DEFAULT_DB_ALIAS]
        self.locks = query.select_for_update
        self._check_transaction(connection)
        compiler = query.get_compiler(connection.alias)
        connection.ensure_connection()
        text, parameters = compiler.as_sql()
        self.text = _with_constants(text, parameters, connection.connection)
        self.slots = [each.name for each in parameters if type(each) is _Slot]
        information = compiler.klass_info
        columns = information["select_fields"]
        self.start, self.end = columns[0], columns[-1] + 1
        self.model: type[M] = queryset.model
        self.names = [
            column.target.attname
            for column, *_ in compiler.select[self.start : self.end]
        ]
        mode = queryset._fetch_mode  # type: ignore[attr-defined]
        self.populators = get_related_populators(
            information, compiler.select, connection.alias, mode
        )
        self.annotations = list(compiler.annotation_col_map.items())
        expressions = [column for column, *_ in compiler.select]
        self.converters = list(compiler.get_converters(expressions).items())

    def ask(self, values: dict[str, Any]) -> list[M]:
        # The proxy of the module `django.db` finds it again for each attribute.
        connection = connections[DEFAULT_DB_ALIAS]
        self._check_transaction(connection)
        found = statements.rows(self.text, [values[name] for name in self.slots])
        return [self._object(row, connection) for row in found]

    def _object(self, row: Sequence[Any], connection: BaseDatabaseWrapper) -> M:
        cells = list(row)
        for place, (converters, expression) in self.converters:
            for convert in converters:
                cells[place] = convert(cells[place], expression, connection)
        made = self.model.from_db(
            connection.alias, self.names, cells[self.start : self.end]
        )
        for populator in self.populators:
            populator.populate(cells, made)
        for name, place in self.annotations:
            setattr(made, name, cells[place])
        return made

    def _check_transaction(self, connection: BaseDatabaseWrapper) -> None:
        if self.locks and not connection.in_atomic_block:
            raise TransactionManagementError("A lock ends with its transaction: none.")


def _with_constants(text: str, parameters: Sequence[Any], connection: Any) -> str:
    """Write all parameters but the slots into the text."""
    first, *parts = text.split("%s")
    pieces = [first]
    for parameter, part in zip(parameters, parts, strict=True):
        pieces += [_place(parameter, connection), part]
    return "".join(pieces)


def _place(parameter: Any, connection: Any) -> str:
    if type(parameter) is _Slot:
        return "%s"
    return Literal(parameter).as_string(connection).replace("%", "%%")

"""Tell the database who makes a change, for its record of changes.

The triggers read three settings of the transaction. They are set before a write to one
of the recorded tables, and only then.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

# Parts of the names of the recorded tables.
RECORDED = (
    "profiles",
    "vouchers_station",
    "agents_apitoken",
    "agents_phonepin",
    "auth_",
    "backoffice_oidcidentity",
    "backoffice_accountact",
    "otp_totp_totpdevice",
    "authority_change",
)
_WRITES = ("INSERT", "UPDATE", "DELETE")
_STATE = (
    "SELECT set_config('easymo.account', %s, true),"
    " set_config('easymo.actor', %s, true), set_config('easymo.source', %s, true)"
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, and from where; ``account`` is the id of the login."""

    source: str
    name: str = ""
    account: int | None = None


@dataclass(slots=True)
class _Statement:
    """Who to ask for the author, and whether the database was told."""

    author: Callable[[], Author]
    is_made: bool = False


_author: ContextVar[_Statement | None] = ContextVar("author", default=None)


@contextmanager
def authored(author: Callable[[], Author]) -> Iterator[None]:
    """State the author of all changes within; it is asked at the first one."""
    statement = _Statement(author)
    token = _author.set(statement)
    try:
        yield
    finally:
        _author.reset(token)
        if statement.is_made:
            _forget(connections[DEFAULT_DB_ALIAS])


def install(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """State the author before writes; a receiver of ``connection_created``."""
    if state_author not in connection.execute_wrappers:
        connection.execute_wrappers.append(state_author)


def state_author(
    execute: Callable[..., Any],
    sql: object,
    params: Any,
    many: bool,
    context: dict[str, Any],
) -> Any:
    """Set the author in the transaction of a write to a recorded table."""
    statement = _author.get()
    if (
        statement is None
        # DDL is composed, not text.
        or not isinstance(sql, str)
        or not sql.lstrip().startswith(_WRITES)
        or not any(name in sql for name in RECORDED)
    ):
        return execute(sql, params, many, context)
    connection: BaseDatabaseWrapper = context["connection"]
    if connection.in_atomic_block:
        _state(connection, statement)
        return execute(sql, params, many, context)
    with transaction.atomic(using=connection.alias):
        _state(connection, statement)
        return execute(sql, params, many, context)


def _state(connection: BaseDatabaseWrapper, statement: _Statement) -> None:
    author = statement.author()
    statement.is_made = True
    account = "" if author.account is None else str(author.account)
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [account, author.name, author.source])


def _forget(connection: BaseDatabaseWrapper) -> None:
    """Clear the author when the surrounding transaction goes on."""
    if connection.in_atomic_block and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute(_STATE, ["", "", ""])

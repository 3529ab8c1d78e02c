"""Run calls at the same time: threads, each with a connection of its own."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from django.db import connection, connections, transaction

from vouchers import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def race(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls at the same moment; return their results or exceptions."""
    gate = threading.Barrier(len(calls))

    def runner(call: Callable[[], Any]) -> Any:
        gate.wait(timeout=30)
        return _result(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(runner, calls))


def while_uncommitted(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """Run ``first`` in a transaction, and ``second`` beside it; commit the first.

    The commit comes when ``second`` waits for a lock of the first, or has ended.
    Return the result of ``second``, or its exception.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            result = pool.submit(_result, second)
            while not result.done() and not is_waited_for():
                time.sleep(0.01)
        return result.result()


def without(name: str, *guards: str) -> None:
    """Install a file of functions again, without these parts of its text."""
    text = sql.schema(name)
    for guard in guards:
        assert guard in text
        text = text.replace(guard, "")
    with connection.cursor() as cursor:
        cursor.execute(text)


def _result(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001  (it is the result)
        return error
    finally:
        connections.close_all()


def is_waited_for() -> bool:
    """Tell whether another connection waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


def kinds(results: Sequence[Any]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for result in results:
        counted[type(result).__name__] = counted.get(type(result).__name__, 0) + 1
    return counted

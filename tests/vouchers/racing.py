"""Many at once: threads that start together, each with its own connection."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def race(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls at the same moment; return their results or exceptions."""
    gate = threading.Barrier(len(calls))

    def runner(call: Callable[[], Any]) -> Any:
        gate.wait(timeout=30)
        try:
            return call()
        except Exception as error:  # noqa: BLE001  (it is the result)
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(runner, calls))


def kinds(results: Sequence[Any]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for result in results:
        counted[type(result).__name__] = counted.get(type(result).__name__, 0) + 1
    return counted

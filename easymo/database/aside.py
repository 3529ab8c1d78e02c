"""Long waits that read rows now and then, in a thread of their own.

``units`` has few threads, for work of milliseconds. Whoever waits for half a minute
takes none of them, holds no connection between two looks, and does not hold up a
process that is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable


async def run[T](function: Callable[[], T]) -> T:
    """Run ``function`` in a thread that nobody waits for at the process's end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            result = context.run(function)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
            _tell(loop, done, error=error)
        else:
            _tell(loop, done, result=result)
        finally:
            connections.close_all()

    threading.Thread(target=work, name="aside", daemon=True).start()
    return await done


def _tell[T](
    loop: asyncio.AbstractEventLoop,
    done: asyncio.Future[T],
    *,
    result: T | None = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    # The loop may be closed: then nobody waits any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(settle)

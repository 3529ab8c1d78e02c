"""Keep a lease while its holder works, and stop the work when the lease is lost."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, InterfaceError

from agents.core.errors import LeaseLost
from easymo.database import units
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

logger = get_logger(__name__)


@asynccontextmanager
async def keep_renewed(
    renew: Callable[[], bool], *, every_s: float, error_event: str
) -> AsyncIterator[None]:
    """Call ``renew`` while the block runs; cancel the block when it returns False.

    A block that is cancelled for this reason raises LeaseLost.
    """
    owner = asyncio.current_task()
    assert owner is not None
    renewer = asyncio.create_task(_renew_until_lost(renew, every_s, error_event, owner))
    try:
        yield
    except asyncio.CancelledError:
        # Only a cancellation by the renewer becomes LeaseLost.
        if renewer.done() and not renewer.cancelled() and owner.uncancel() == 0:
            raise LeaseLost from None
        raise
    finally:
        renewer.cancel()


async def _renew_until_lost(
    renew: Callable[[], bool],
    every_s: float,
    error_event: str,
    owner: asyncio.Task[Any],
) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            is_held = await units.run(renew)
        except (DatabaseError, InterfaceError) as error:
            # While the database is away, no other worker can take the lease either.
            logger.warning(error_event, error=type(error).__name__)
            continue
        if not is_held:
            owner.cancel()
            return

"""Reports a silent evaluator from a web process, because the worker may be dead."""

from __future__ import annotations

import asyncio

from django.db import Error, connections

from easymo.observability.logs import get_logger
from rollout.guardrails import actions
from rollout.snapshot import refreshers
from rollout.tasks import deliver_notices

logger = get_logger(__name__)


def report_silent_evaluator(silent_s: float) -> None:
    """Open one incident for all processes, and send its notices at once."""
    logger.error("rollout.evaluator.silent", silent_s=round(silent_s))
    if refreshers.role() != "web":
        return
    try:
        actions.report_silent_evaluator(silent_s=silent_s)
        asyncio.run(deliver_notices())
    except Error as error:
        logger.warning("rollout.page.failed", error=type(error).__name__)
    finally:
        connections.close_all()

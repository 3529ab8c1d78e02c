"""The evaluator is not heard of any more: nothing protects the customers by itself."""

from __future__ import annotations

from django.db import Error, transaction

from easymo.observability.logs import get_logger
from rollout.core.errors import RolloutError
from rollout.incidents import incidents
from rollout.models import Incident, TimelineEntry
from rollout.notices import notices
from rollout.stages import state

logger = get_logger(__name__)

KEY = "evaluator:silent"
ACTOR = "system"


def report(*, silent_s: float) -> bool:
    """Open its incident and queue the notice; False when somebody already has."""
    text = (
        f"The evaluator has not looked for {silent_s / 60:.0f} minutes: no breach is"
        " noticed, nothing is rolled back by itself. Is a worker running?"
    )
    with transaction.atomic():
        incident, is_new = incidents.found_or_opened(
            key=KEY,
            title="The evaluator is silent",
            severity=Incident.Severity.HIGH,
            opened_by=ACTOR,
        )
        if is_new:
            incidents.write(
                incident, kind=TimelineEntry.Kind.AUTO, author=ACTOR, text=text
            )
            notices.queue_notice(incident=incident, text=text)
    if is_new:
        _hold(text)
    return is_new


def _hold(text: str) -> None:
    """Nothing is promoted meanwhile; whoever sits on the plan keeps nobody waiting."""
    try:
        state.hold(reason=text, actor=ACTOR, source=ACTOR)
    except (Error, RolloutError) as error:
        logger.warning("rollout.silence.not_held", error=type(error).__name__)

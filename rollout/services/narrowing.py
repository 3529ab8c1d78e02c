from __future__ import annotations

from typing import TYPE_CHECKING

from rollout.models import Cohort
from rollout.policy.stages import Stage, narrowed
from rollout.services.audiences import audience_of, flags
from rollout.services.flags import apply

if TYPE_CHECKING:
    from rollout.models import FlagChange
    from rollout.services.plan import Said


def narrow_to(stage: Stage, said: Said) -> list[FlagChange]:
    """Take the features back to whom the stage serves; turns nothing on.

    The caller has closed the fence and holds the switches.
    """
    written = []
    for flag in flags():
        audience = audience_of(flag)
        left = narrowed(audience, stage)
        if left == audience:
            continue
        cohorts = list(Cohort.objects.filter(name__in=left.cohorts))
        everyone = None if cohorts else False
        audit = {"actor": said.actor, "reason": said.reason, "source": said.source}
        written.append(
            apply(flag, everyone=everyone, percent=None, cohorts=cohorts, audit=audit)
        )
    return written

from __future__ import annotations

from rollout.models.change import FlagChange
from rollout.models.cohort import Cohort, CohortMember
from rollout.models.epoch import Epoch, ServingProcess
from rollout.models.flag import AgentFlag
from rollout.models.incident import Incident, TimelineEntry
from rollout.models.notice import Notice
from rollout.models.rollback import RollbackEvent

__all__ = [
    "AgentFlag",
    "Cohort",
    "CohortMember",
    "Epoch",
    "FlagChange",
    "Incident",
    "Notice",
    "RollbackEvent",
    "ServingProcess",
    "TimelineEntry",
]

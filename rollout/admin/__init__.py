from __future__ import annotations

from rollout.admin.change import FlagChangeAdmin, RollbackEventAdmin
from rollout.admin.cohort import CohortAdmin, CohortMemberAdmin
from rollout.admin.flag import AgentFlagAdmin
from rollout.admin.incident import IncidentAdmin, NoticeAdmin
from rollout.admin.plan import PlanAdmin
from rollout.admin.waiver import (
    GateResultAdmin,
    OverrideAdmin,
    PlanChangeAdmin,
    StageRunAdmin,
    WaiverAdmin,
)

__all__ = [
    "AgentFlagAdmin",
    "CohortAdmin",
    "CohortMemberAdmin",
    "FlagChangeAdmin",
    "GateResultAdmin",
    "IncidentAdmin",
    "NoticeAdmin",
    "OverrideAdmin",
    "PlanAdmin",
    "PlanChangeAdmin",
    "RollbackEventAdmin",
    "StageRunAdmin",
    "WaiverAdmin",
]

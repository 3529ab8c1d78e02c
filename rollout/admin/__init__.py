from __future__ import annotations

from rollout.admin.change import FlagChangeAdmin, RollbackEventAdmin
from rollout.admin.cohort import CohortAdmin, CohortMemberAdmin
from rollout.admin.flag import AgentFlagAdmin
from rollout.admin.incident import IncidentAdmin, NoticeAdmin

__all__ = [
    "AgentFlagAdmin",
    "CohortAdmin",
    "CohortMemberAdmin",
    "FlagChangeAdmin",
    "IncidentAdmin",
    "NoticeAdmin",
    "RollbackEventAdmin",
]

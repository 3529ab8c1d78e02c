from __future__ import annotations

from rollout.admin.announcement import (
    AnnouncementAdmin,
    AnnouncementDeliveryAdmin,
)
from rollout.admin.change import FlagChangeAdmin, RollbackEventAdmin
from rollout.admin.check_run import CheckRunAdmin
from rollout.admin.checklist import ChecklistItemAdmin, ChecklistTickAdmin
from rollout.admin.cohort import CohortAdmin, CohortMemberAdmin
from rollout.admin.contact import ContactAdmin, OnCallShiftAdmin
from rollout.admin.evidence import LeakFindingAdmin, ObservationAdmin
from rollout.admin.flag import AgentFlagAdmin
from rollout.admin.incident import IncidentAdmin
from rollout.admin.notice import NoticeAdmin
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
    "AnnouncementAdmin",
    "AnnouncementDeliveryAdmin",
    "CheckRunAdmin",
    "ChecklistItemAdmin",
    "ChecklistTickAdmin",
    "CohortAdmin",
    "CohortMemberAdmin",
    "ContactAdmin",
    "FlagChangeAdmin",
    "GateResultAdmin",
    "IncidentAdmin",
    "LeakFindingAdmin",
    "NoticeAdmin",
    "ObservationAdmin",
    "OnCallShiftAdmin",
    "OverrideAdmin",
    "PlanAdmin",
    "PlanChangeAdmin",
    "RollbackEventAdmin",
    "StageRunAdmin",
    "WaiverAdmin",
]

from __future__ import annotations

from rollout.models.change import FlagChange
from rollout.models.cohort import Cohort, CohortMember
from rollout.models.epoch import Epoch, ServingProcess
from rollout.models.flag import AgentFlag
from rollout.models.incident import Incident, TimelineEntry
from rollout.models.judgement import (
    CheckRun,
    DetectorState,
    Evaluation,
    EvaluatorLease,
)
from rollout.models.notice import Notice
from rollout.models.observation import (
    Channel,
    HourRollup,
    MetricRollup,
    Observation,
)
from rollout.models.people import (
    ActionItem,
    Announcement,
    AnnouncementDelivery,
    ChecklistItem,
    ChecklistReminder,
    ChecklistTick,
    Contact,
    OnCallShift,
)
from rollout.models.plan import (
    GateResult,
    Override,
    Plan,
    PlanChange,
    StageName,
    StageRun,
    Waiver,
)
from rollout.models.rollback import RollbackEvent

__all__ = [
    "ActionItem",
    "AgentFlag",
    "Announcement",
    "AnnouncementDelivery",
    "Channel",
    "CheckRun",
    "ChecklistItem",
    "ChecklistReminder",
    "ChecklistTick",
    "Cohort",
    "CohortMember",
    "Contact",
    "DetectorState",
    "Epoch",
    "Evaluation",
    "EvaluatorLease",
    "FlagChange",
    "GateResult",
    "HourRollup",
    "Incident",
    "MetricRollup",
    "Notice",
    "Observation",
    "OnCallShift",
    "Override",
    "Plan",
    "PlanChange",
    "RollbackEvent",
    "ServingProcess",
    "StageName",
    "StageRun",
    "TimelineEntry",
    "Waiver",
]

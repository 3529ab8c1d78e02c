from __future__ import annotations

from rollout.models.announcement import Announcement, AnnouncementDelivery
from rollout.models.checklist import ChecklistItem, ChecklistReminder, ChecklistTick
from rollout.models.evaluation import (
    CheckRequest,
    CheckRun,
    DetectorState,
    Evaluation,
    EvaluatorLease,
)
from rollout.models.flag import (
    AgentFlag,
    Cohort,
    CohortMember,
    Epoch,
    FlagChange,
    ServingProcess,
)
from rollout.models.incident import ActionItem, Incident, RollbackEvent, TimelineEntry
from rollout.models.notice import Contact, Notice, OnCallShift
from rollout.models.observation import (
    Channel,
    HourRollup,
    MetricRollup,
    Observation,
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

__all__ = [
    "ActionItem",
    "AgentFlag",
    "Announcement",
    "AnnouncementDelivery",
    "Channel",
    "CheckRequest",
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

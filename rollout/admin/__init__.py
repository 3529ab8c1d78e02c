"""The admin pages of the rollout: start with plan.py, flag.py and incident.py."""

from __future__ import annotations

from rollout.admin import (  # noqa: F401 - registers the pages
    announcement,
    check_run,
    checklist,
    cohort,
    contact,
    evidence,
    flag,
    incident,
    notice,
    plan,
    waiver,
)

"""What an empty list says and offers, where the page of the model has no action for it.

The page itself says what belongs there (``empty_text``) and names the action that makes
the first row (``first_action``). For the others the first step is another page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Step:
    """A page where the first row begins, for users with the permission."""

    title: Any
    page: str
    arguments: tuple[Any, ...] = ()
    permission: str = ""

    @property
    def path(self) -> str:
        return reverse(self.page, args=self.arguments)


def _list(title: Any, model: str) -> Step:
    app, name = model.split(".")
    page = f"admin:{app}_{name}_changelist"
    return Step(title, page, permission=f"{app}.view_{name}")


SIMULATOR = Step(
    _("Open the simulator"), "simulator:home", permission="agents.use_simulator"
)
PEOPLE = _list(_("Open the people"), "vouchers.profile")
FEATURES = _list(_("Open the features"), "rollout.agentflag")
STAGE = _list(_("Open the stage"), "rollout.plan")
ACCOUNTS = _list(_("Open the accounts"), "auth.user")
INBOX = Step(_("Open the inbox"), "inbox", permission="agents.view_conversation")
FIRST_PAGE = Step(_("See what needs you now"), "admin:index")
RESTORE = Step(_("Open Restore"), "restore", permission="rollout.view_plan")
CHECKS = Step(
    _("Open pre-flight and tests"),
    "check-runs",
    permission="rollout.view_checkrun",
)
CHECKLIST = Step(
    _("Open the checklist"), "checklist", permission="rollout.view_checklistitem"
)
STEPS: Mapping[str, Step] = {
    "agents.block": _list(_("Open the conversations"), "agents.conversation"),
    "agents.call": SIMULATOR,
    "agents.consentevent": SIMULATOR,
    "agents.conversation": SIMULATOR,
    "agents.deadletter": _list(_("Open the webhooks"), "agents.webhookevent"),
    "agents.forwardeditem": CHECKS,
    "agents.handoff": INBOX,
    "agents.identityclaim": PEOPLE,
    "agents.media": SIMULATOR,
    "agents.mentionsearch": PEOPLE,
    "agents.outboundmessage": INBOX,
    "agents.phonepin": _list(_("Open the conversations"), "agents.conversation"),
    "agents.sendingline": CHECKS,
    "agents.webhookevent": SIMULATOR,
    "auth.group": FIRST_PAGE,
    "auth.user": FIRST_PAGE,
    "axes.accessattempt": ACCOUNTS,
    "axes.accessfailurelog": ACCOUNTS,
    "axes.accesslog": ACCOUNTS,
    "observability.leakfinding": CHECKS,
    "procrastinate.procrastinatejob": CHECKS,
    "rollout.agentflag": FIRST_PAGE,
    "rollout.announcementdelivery": _list(
        _("Open the announcements"), "rollout.announcement"
    ),
    "rollout.checklistitem": CHECKLIST,
    "rollout.checklisttick": CHECKLIST,
    "rollout.cohortmember": _list(_("Open the cohorts"), "rollout.cohort"),
    "rollout.flagchange": FEATURES,
    "rollout.gateresult": STAGE,
    "rollout.notice": _list(_("Open the contacts"), "rollout.contact"),
    "rollout.observation": SIMULATOR,
    "rollout.oncallshift": _list(_("Open the contacts"), "rollout.contact"),
    "rollout.plan": FIRST_PAGE,
    "rollout.planchange": STAGE,
    "rollout.rollbackevent": RESTORE,
    "rollout.stagerun": STAGE,
    "rollout.waiver": STAGE,
    "vouchers.authoritychange": PEOPLE,
    "vouchers.changerecord": PEOPLE,
    "vouchers.reversalrequest": _list(_("Open the vouchers"), "vouchers.voucher"),
    "vouchers.voucher": _list(_("Open the spreadsheets"), "vouchers.batch"),
}
# For pages of libraries.
TEXTS: Mapping[str, Any] = {
    "auth.group": _("The groups and their permissions come with the migrations."),
    "auth.user": _("The accounts of the back office are listed here."),
    "axes.accessattempt": _(
        "Wrong passwords are listed here, until the next good one."
    ),
    "axes.accessfailurelog": _("Each refused sign-in is kept here."),
    "axes.accesslog": _("Each sign-in is kept here."),
    "procrastinate.procrastinatejob": _(
        "Jobs appear here when there is work for a worker, and failed ones stay."
    ),
}


def step_for(label: str, user: Any) -> dict[str, Any] | None:
    """Return the first step of an empty list, for a user who may open it."""
    step = STEPS.get(label)
    is_simulated = settings.DEMONSTRATION or settings.SIMULATOR_ENABLED
    if step is SIMULATOR and not is_simulated:
        step = INBOX
    if step is None or (step.permission and not user.has_perm(step.permission)):
        return None
    return {"path": step.path, "title": step.title}

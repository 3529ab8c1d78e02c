"""The actions that turn everything off, offered above several lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from easymo.backoffice.actions import ActionCall, form_action
from rollout import locks
from rollout.admin.base import ROLL_BACK, RolloutAdmin
from rollout.flags import exposure
from rollout.models import FlagChange
from rollout.stages.rollback import (
    RollbackResult,
    restore,
    rollback_full,
    rollback_quick,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from easymo.backoffice.actions import Words

ALL_OFF = _("All features are off")


class RollbackActions(RolloutAdmin):
    """Quick rollback, full rollback and its end."""

    @form_action(
        _("Kill all: turn everything off"),
        path="kill-all",
        icon="power_settings_new",
        permission=ROLL_BACK,
        title=_("Kill all"),
        explanation=(
            _(
                "All four features go off for everyone, at once. Messages are still"
                " received and stored, but not answered, and no voucher is issued or"
                " redeemed until a user turns features on again."
            )
        ),
        submit=_("Turn everything off"),
        is_dangerous=True,
    )
    def kill_all(self, call: ActionCall[None]) -> str:
        return rollback_message(_run(rollback_quick, call), ALL_OFF)

    @form_action(
        _("Full rollback: remove the functions"),
        path="full-rollback",
        icon="block",
        permission=ROLL_BACK,
        title=_("Full rollback"),
        explanation=(
            _(
                "All four features go off, the function API answers 410 and tokens are"
                " refused, until a user restores the functions."
            )
        ),
        submit=_("Full rollback"),
        is_dangerous=True,
    )
    def take_away(self, call: ActionCall[None]) -> str:
        return gettext("Full rollback done: {rollback_full}.").format(
            rollback_full=_state_of(_run(rollback_full, call))
        )

    @form_action(
        _("Restore the functions"),
        path="restore",
        icon="settings_backup_restore",
        permission=ROLL_BACK,
        asks_who=True,
        offered=lambda _call: exposure.functions_are_removed(),
        explanation=_("Ends a full rollback. Every feature stays off."),
    )
    def restore_functions(self, call: ActionCall[None]) -> str:
        return gettext("Functions restored: {restore}.").format(
            restore=_state_of(_run(restore, call))
        )


def rollback_message(done: RollbackResult, effect: Words) -> str:
    """Return what a rollback did, for the user who started it."""
    proof = (
        gettext("No earlier voucher operation can commit.")
        if done.rolled_back.fence_proven
        else locks.FENCE_NOT_PROVEN
    )
    incident = done.rolled_back.incident.pk
    return gettext("{effect}; {done}. {proof} Incident {incident}.").format(
        effect=effect, done=_state_of(done), proof=proof, incident=incident
    )


def _run(
    service: Callable[..., RollbackResult], call: ActionCall[None]
) -> RollbackResult:
    return service(reason=call.reason, actor=call.actor, source=FlagChange.Source.ADMIN)


def _state_of(done: RollbackResult) -> str:
    return str(done.receipt or gettext("receipt unknown"))

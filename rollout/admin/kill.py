from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unfold.decorators import action
from unfold.enums import ActionVariant

from easymo.backoffice.pages import actor_of
from easymo.backoffice.reason import ReasonForm
from rollout.admin.asking import ask_and_do
from rollout.admin.rights import ExposureRights
from rollout.models import FlagChange
from rollout.services.rollback import Done, rollback_quick

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class KillAll(ExposureRights):
    """Gives a list the button that turns everything off; it asks only why."""

    @action(
        description="Kill all: turn everything off",
        url_path="kill-all",
        icon="power_settings_new",
        permissions=["rollback"],
        variant=ActionVariant.DANGER,
    )
    def kill_all(self: Any, request: HttpRequest) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            done = rollback_quick(
                reason=asked["reason"],
                actor=actor_of(request),
                source=FlagChange.Source.ADMIN,
            )
            return told(done)

        return ask_and_do(
            self,
            request,
            form=ReasonForm(request.POST or None, label_suffix=""),
            do=do,
            title="Kill all",
            explanation=(
                "All four features go off for everyone, at once. Messages are still"
                " received and stored; nobody is answered and no voucher is issued"
                " or redeemed until a person turns features on again."
            ),
            submit="Turn everything off",
            back="..",
            is_dangerous=True,
        )


def told(done: Done) -> str:
    proof = (
        "no voucher begun before can commit"
        if done.rolled_back.fence_proven
        else "FENCE NOT PROVEN: a voucher operation ran on and may still commit"
    )
    return (
        f"All features are off; {proof}; {done.receipt or 'receipt unknown'}."
        f" Incident {done.rolled_back.incident.pk}."
    )

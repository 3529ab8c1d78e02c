from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unfold.decorators import action
from unfold.enums import ActionVariant

from easymo.backoffice.pages import actor_of
from easymo.backoffice.reason import ReasonForm
from rollout.admin.actions import ask_and_do
from rollout.admin.permissions import ExposureRights
from rollout.models import FlagChange
from rollout.stages.rollback import Done, restore, rollback_full, rollback_quick

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class KillAll(ExposureRights):
    """Gives a list the buttons that turn everything off; they ask only why."""

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

    @action(
        description="Full rollback: take the functions away",
        url_path="full-rollback",
        icon="block",
        permissions=["rollback"],
    )
    def take_away(self: Any, request: HttpRequest) -> HttpResponse:
        return self._ask_for(
            request,
            rollback_full,
            title="Full rollback",
            explanation=(
                "All four features go off, the function API answers 410 and tokens"
                " open nothing, until a person restores the functions."
            ),
        )

    @action(
        description="Restore the functions",
        url_path="restore",
        icon="settings_backup_restore",
        permissions=["rollback"],
    )
    def restore_functions(self: Any, request: HttpRequest) -> HttpResponse:
        return self._ask_for(
            request,
            restore,
            title="Restore the functions",
            explanation="Ends a full rollback. Every feature stays off.",
        )

    def _ask_for(
        self: Any,
        request: HttpRequest,
        service: Callable[..., Done],
        *,
        title: str,
        explanation: str,
    ) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            done = service(
                reason=asked["reason"],
                actor=actor_of(request),
                source=FlagChange.Source.ADMIN,
            )
            return f"{title}: done; {done.receipt or 'receipt unknown'}."

        return ask_and_do(
            self,
            request,
            form=ReasonForm(request.POST or None, label_suffix=""),
            do=do,
            title=title,
            explanation=explanation,
            submit=title,
            back="..",
            is_dangerous=service is rollback_full,
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

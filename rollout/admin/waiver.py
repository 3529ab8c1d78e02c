from __future__ import annotations

from django.contrib import admin

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.ranges import MomentRangeFilter
from rollout.admin.base import MOVE, RolloutAdmin
from rollout.admin.forms import ConfirmForm, HoursForm
from rollout.models import Override, Waiver
from rollout.stages import waivers


def _request_of(call: ActionCall[Waiver | Override]) -> str:
    row = call.row
    author = row.asked_by if isinstance(row, Waiver) else row.by
    return f"{author} gave the reason: {row.reason}"


def _not_by_the_person_who_asked(call: ActionCall[Waiver]) -> list[str]:
    if call.actor.casefold() != call.row.asked_by.casefold():
        return []
    return ["You asked for this waiver. Another user approves it."]


@admin.register(Waiver)
class WaiverAdmin(RolloutAdmin):
    """Gates that a user asked to waive, and who approved."""

    empty_text = (
        "Waivers of gates are listed here. Ask for one on the page of the stage."
    )
    list_display = ("gate", "run", "asked_by", "reason", "approved_by", "expires_at")
    list_filter = ("gate", ("asked_at", MomentRangeFilter))
    list_filter_submit = True
    list_select_related = ("run",)
    search_fields = ("asked_by", "approved_by", "reason")
    fields = (
        *("gate", "run", "reason", "asked_by", "asked_at"),
        *("approved_by", "approved_at", "expires_at"),
    )
    actions_detail = ("approve",)

    @form_action(
        "Approve",
        path="approve",
        icon="how_to_reg",
        permission="rollout.approve_waiver",
        form=ConfirmForm,
        offered=lambda call: waivers.is_waiting(call.row),
        unmet=_not_by_the_person_who_asked,
        title=lambda call: f"Approve {waivers.waiver_text(call.row)}",
        explanation=_request_of,
    )
    def approve(self, call: ActionCall[Waiver]) -> str:
        waivers.approve_waiver(waiver=call.row, actor=call.actor)
        return f"Approved {waivers.waiver_text(call.row)}."


@admin.register(Override)
class OverrideAdmin(RolloutAdmin):
    """Periods in which automatic rollbacks were suspended."""

    empty_text = "Automatic rollbacks were never suspended."
    first_action = "begin"
    list_display = ("at", "by", "reason", "expires_at", "ended_at", "ended_by")
    search_fields = ("by", "reason")
    fields = list_display
    actions_list = ("begin",)
    actions_detail = ("end",)

    @form_action(
        "Suspend automatic rollbacks",
        path="begin",
        icon="front_hand",
        permission=MOVE,
        form=HoursForm,
        offered=lambda _call: not waivers.active_overrides().exists(),
        explanation=(
            "Breaches are reported but do not roll back, except for personal data"
            " and spending."
        ),
        submit="Suspend",
        is_dangerous=True,
    )
    def begin(self, call: ActionCall[None]) -> str:
        made = waivers.begin_override(
            reason=call.reason, actor=call.actor, hours=call.data["hours"]
        )
        return f"Override {made.pk} suspends automatic rollbacks."

    @form_action(
        "End",
        path="end",
        icon="play_arrow",
        permission=MOVE,
        form=ConfirmForm,
        offered=lambda call: waivers.active_overrides().filter(pk=call.row.pk).exists(),
        title=lambda call: f"End override {call.row.pk}",
        explanation=_request_of,
    )
    def end(self, call: ActionCall[Override]) -> str:
        waivers.end_override(override=call.row, actor=call.actor)
        return f"Override {call.row.pk} ended. Automatic rollbacks are active again."

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.ranges import MomentRangeFilter
from rollout.admin.base import MOVE, RolloutAdmin
from rollout.admin.forms import ConfirmForm, HoursForm
from rollout.models import Override, Waiver
from rollout.stages import waivers


def _request_of(call: ActionCall[Waiver | Override]) -> str:
    row = call.row
    author = row.asked_by if isinstance(row, Waiver) else row.by
    return gettext("{author} gave the reason: {reason}").format(
        author=author, reason=row.reason
    )


def _not_by_the_person_who_asked(call: ActionCall[Waiver]) -> list[str]:
    if call.actor.casefold() != call.row.asked_by.casefold():
        return []
    return [gettext("You asked for this waiver. Another user approves it.")]


@admin.register(Waiver)
class WaiverAdmin(RolloutAdmin):
    """Gates that a user asked to waive, and who approved."""

    empty_text = _(
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
        _("Approve"),
        path="approve",
        icon="how_to_reg",
        permission="rollout.approve_waiver",
        form=ConfirmForm,
        offered=lambda call: waivers.is_waiting(call.row),
        unmet=_not_by_the_person_who_asked,
        title=lambda call: gettext("Approve {row}").format(
            row=waivers.waiver_text(call.row)
        ),
        explanation=_request_of,
    )
    def approve(self, call: ActionCall[Waiver]) -> str:
        waivers.approve_waiver(waiver=call.row, actor=call.actor)
        return gettext("Approved {row}.").format(row=waivers.waiver_text(call.row))


@admin.register(Override)
class OverrideAdmin(RolloutAdmin):
    """Periods in which automatic rollbacks were suspended."""

    empty_text = _("Automatic rollbacks were never suspended.")
    first_action = "begin"
    list_display = ("at", "by", "reason", "expires_at", "ended_at", "ended_by")
    search_fields = ("by", "reason")
    fields = list_display
    actions_list = ("begin",)
    actions_detail = ("end",)

    @form_action(
        _("Suspend automatic rollbacks"),
        path="begin",
        icon="front_hand",
        permission=MOVE,
        form=HoursForm,
        offered=lambda _call: not waivers.active_overrides().exists(),
        explanation=(
            _(
                "Breaches are reported but do not roll back, except for personal data"
                " and spending."
            )
        ),
        submit=_("Suspend"),
        is_dangerous=True,
    )
    def begin(self, call: ActionCall[None]) -> str:
        made = waivers.begin_override(
            reason=call.reason, actor=call.actor, hours=call.data["hours"]
        )
        return gettext("Override {pk} suspends automatic rollbacks.").format(pk=made.pk)

    @form_action(
        _("End"),
        path="end",
        icon="play_arrow",
        permission=MOVE,
        form=ConfirmForm,
        offered=lambda call: waivers.active_overrides().filter(pk=call.row.pk).exists(),
        title=lambda call: gettext("End override {pk}").format(pk=call.row.pk),
        explanation=_request_of,
    )
    def end(self, call: ActionCall[Override]) -> str:
        waivers.end_override(override=call.row, actor=call.actor)
        return gettext(
            "Override {pk} ended. Automatic rollbacks are active again."
        ).format(pk=call.row.pk)

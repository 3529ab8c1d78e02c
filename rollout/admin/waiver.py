from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from rollout.admin.actions import ConfirmForm, HoursForm, ask_and_do
from rollout.admin.permissions import ExposureRights
from rollout.models import GateResult, Override, PlanChange, StageRun, Waiver
from rollout.stages import overrides, waivers

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@admin.register(Waiver)
class WaiverAdmin(ExposureRights, ReadOnlyAdmin):
    """What somebody asked to pass by, and who agreed."""

    list_display = ("gate", "run", "asked_by", "reason", "approved_by", "expires_at")
    list_filter = ("gate", ("asked_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("run",)
    search_fields = ("asked_by", "approved_by", "reason")
    fields = readonly_fields = (
        "gate",
        "run",
        "reason",
        "asked_by",
        "asked_at",
        "approved_by",
        "approved_at",
        "expires_at",
    )
    actions_detail = ("approve",)

    @action(
        description="Approve",
        url_path="approve",
        icon="how_to_reg",
        permissions=["approve_waiver"],
    )
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Waiver, pk=object_id)

        def do(_asked: dict[str, Any]) -> str:
            waivers.approve(waiver=row, actor=actor_of(request))
            return f"Approved {waivers.words(row)}."

        return ask_and_do(
            self,
            request,
            form=ConfirmForm(request.POST or None, label_suffix=""),
            do=do,
            title=f"Approve {waivers.words(row)}",
            explanation=f"{row.asked_by} asks for it: {row.reason}",
            submit="Approve",
            back=reverse("admin:rollout_waiver_change", args=[row.pk]),
        )


@admin.register(Override)
class OverrideAdmin(ExposureRights, ReadOnlyAdmin):
    """When the evaluator was held back, by whom and why."""

    list_display = ("at", "by", "reason", "expires_at", "ended_at", "ended_by")
    search_fields = ("by", "reason")
    fields = readonly_fields = (
        "at",
        "by",
        "reason",
        "expires_at",
        "ended_at",
        "ended_by",
    )
    actions_list = ("begin",)
    actions_detail = ("end",)

    @action(
        description="Hold rollbacks back",
        url_path="begin",
        icon="front_hand",
        permissions=["move_stage"],
    )
    def begin(self, request: HttpRequest) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            made = overrides.begin(
                reason=asked["reason"], actor=actor_of(request), hours=asked["hours"]
            )
            return f"Override {made.pk} is in force."

        return ask_and_do(
            self,
            request,
            form=HoursForm(request.POST or None, label_suffix=""),
            do=do,
            title="Hold automatic rollbacks back",
            explanation=(
                "The evaluator holds where it would roll back; for personal data and"
                " spending it acts all the same."
            ),
            submit="Hold back",
            back=reverse("admin:rollout_override_changelist"),
            is_dangerous=True,
        )

    @action(
        description="End it",
        url_path="end",
        icon="play_arrow",
        permissions=["move_stage"],
    )
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Override, pk=object_id)

        def do(_asked: dict[str, Any]) -> str:
            overrides.end(override=row, actor=actor_of(request))
            return "The evaluator acts again."

        return ask_and_do(
            self,
            request,
            form=ConfirmForm(request.POST or None, label_suffix=""),
            do=do,
            title=f"End override {row.pk}",
            explanation=f"{row.by} asked for it: {row.reason}",
            submit="End it",
            back=reverse("admin:rollout_override_change", args=[row.pk]),
        )


@admin.register(PlanChange)
class PlanChangeAdmin(ReadOnlyAdmin):
    """Every move of the plan there ever was."""

    list_display = ("at", "kind", "moved", "actor", "source", "reason", "override")
    list_display_links = ("at",)
    list_filter = ("kind", "source", "override", ("at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("actor", "reason")
    fields = readonly_fields = (
        "at",
        "kind",
        "moved",
        "actor",
        "source",
        "reason",
        "override",
    )

    @display(description="From → to")
    def moved(self, row: PlanChange) -> str:
        return f"{_state(row.before)} → {_state(row.after)}"


@admin.register(StageRun)
class StageRunAdmin(ReadOnlyAdmin):
    """Every stay in a stage."""

    list_display = ("stage", "entered_at", "exited_at", "entered_by", "reason")
    list_filter = ("stage",)
    search_fields = ("entered_by", "reason")
    fields = readonly_fields = (
        "stage",
        "entered_at",
        "exited_at",
        "entered_by",
        "reason",
    )


@admin.register(GateResult)
class GateResultAdmin(ReadOnlyAdmin):
    """What the gates said when somebody wanted to pass them."""

    list_display = ("at", "run", "gate", "verdict", "value", "need")
    list_display_links = ("at",)
    list_filter = ("verdict", "gate", ("at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("run",)
    search_fields = ("gate", "value")
    fields = readonly_fields = (
        "at",
        "run",
        "gate",
        "verdict",
        "value",
        "need",
        "forecast",
    )


def _state(told: dict[str, Any]) -> str:
    if not told:
        return "—"
    return f"{told.get('stage')}, {str(told.get('state')).replace('_', ' ')}"

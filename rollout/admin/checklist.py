from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from rollout.admin.actions import ask_and_do
from rollout.admin.forms import TickForm
from rollout.admin.permissions import ExposureRights
from rollout.checklists import checklists
from rollout.models import ChecklistItem, ChecklistTick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

CHANGE = ["change_exposure"]
LINES: ContextVar[Mapping[int, checklists.ChecklistLine]] = ContextVar(
    "lines",
    default={},  # noqa: B039
)
STANDING = {
    "due": "warning",
    "overdue": "danger",
    "done": "success",
    "met": "success",
    "not met": "danger",
}


@admin.register(ChecklistItem)
class ChecklistItemAdmin(ExposureRights, ReadOnlyAdmin):
    """Every line of the guide; those of the stage we are in show where they stand."""

    list_display = ("text", "section", "stage", "cadence", "standing", "due_by", "last")
    list_filter = ("stage", "section", "cadence", "is_required")
    search_fields = ("text", "section")
    list_per_page = 100
    fields = readonly_fields = (
        "text",
        "section",
        "stage",
        "cadence",
        "is_required",
        "standing",
        "due_by",
        "last",
    )
    actions_detail = ("tick",)
    actions_row = ("tick",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChecklistItem]:
        found: QuerySet[ChecklistItem] = super().get_queryset(request)
        # Read once a page, for all of its rows.
        LINES.set({line.item.pk: line for line in checklists.checklist_lines()})
        return found

    @display(description="Standing", label=STANDING)
    def standing(self, row: ChecklistItem) -> str:
        line = LINES.get().get(row.pk)
        if line is None:
            return "other stage"
        if row.check_name.startswith("gate."):
            return "see the gates"
        if line.is_automatic:
            return "met" if line.answer else "not met"
        return str(line.standing.state)

    @display(description="Due by")
    def due_by(self, row: ChecklistItem) -> str:
        line = LINES.get().get(row.pk)
        at = line.standing.due_by if line and line.is_open else None
        return timezone.localtime(at).strftime("%d %b %H:%M") if at else "—"

    @display(description="Last done")
    def last(self, row: ChecklistItem) -> str:
        line = LINES.get().get(row.pk)
        if line is None or line.tick is None:
            return "—"
        at = timezone.localtime(line.tick.at).strftime("%d %b %H:%M")
        return f"{at} by {line.tick.by}: {line.tick.evidence}"

    @action(description="Tick", url_path="tick", icon="check", permissions=CHANGE)
    def tick(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(ChecklistItem, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            checklists.tick_line(
                item=row, by=actor_of(request), evidence=asked["evidence"]
            )
            return "Ticked."

        return ask_and_do(
            self,
            request,
            form=TickForm(request.POST or None, label_suffix=""),
            do=do,
            title=row.text,
            explanation=f"{row.section}, {row.get_cadence_display()}.",
            submit="Tick",
            back=reverse("admin:rollout_checklistitem_changelist"),
        )


@admin.register(ChecklistTick)
class ChecklistTickAdmin(ReadOnlyAdmin):
    """What was done, by whom, and what showed it."""

    list_display = ("at", "item", "due_for", "by", "evidence")
    list_filter = ("item__section",)
    list_select_related = ("item", "run")
    search_fields = ("by", "evidence")
    fields = readonly_fields = ("item", "run", "due_for", "by", "evidence", "at")

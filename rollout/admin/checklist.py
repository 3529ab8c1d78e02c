from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Value
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.filters import KnownTextFilter
from easymo.backoffice.pages import ReadOnlyAdmin
from rollout.admin.base import CHANGE, RolloutAdmin
from rollout.admin.forms import TickForm
from rollout.checklists import checklists
from rollout.models import ChecklistItem, ChecklistTick, StageName
from rollout.plan import plan as plans

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

LINES: ContextVar[Mapping[int, checklists.ChecklistLine]] = ContextVar(
    "lines",
    default={},  # noqa: B039
)
STATES = {
    "due": "warning",
    "overdue": "danger",
    "done": "success",
    "met": "success",
    "not met": "danger",
}


@admin.register(ChecklistItem)
class ChecklistItemAdmin(RolloutAdmin):
    """All items of the guide's checklists; those of the present stage have a state."""

    empty_text = _("The lines of the checklist come with the migrations.")
    list_display = (
        *("line", "heading", "stage", "cadence"),
        *("standing", "due_by", "last", "to_tick"),
    )
    list_filter = ("stage", ("section", KnownTextFilter), "cadence", "is_required")
    search_fields = ("text", "section")
    list_per_page = 100
    fields = (
        *("line", "heading", "stage", "cadence", "is_required"),
        *("standing", "due_by", "last"),
    )
    actions_detail = ("tick",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChecklistItem]:
        found: QuerySet[ChecklistItem] = super().get_queryset(request)
        # Read once for all rows of a page.
        LINES.set({line.item.pk: line for line in checklists.checklist_lines()})
        return found.annotate(may_tick=Value(request.user.has_perm(CHANGE)))

    @display(description=_("Text"), ordering="text")
    def line(self, row: ChecklistItem) -> str:
        return gettext(row.text)

    @display(description=_("Section"), ordering="section")
    def heading(self, row: ChecklistItem) -> str:
        return gettext(row.section)

    @display(description=_("State"), label=STATES)
    def standing(self, row: ChecklistItem) -> str:
        line = LINES.get().get(row.pk)
        if line is None:
            return gettext("other stage")
        if row.check_name.startswith("gate."):
            return gettext("see the gates")
        if line.is_automatic:
            return gettext("met") if line.answer else gettext("not met")
        return gettext(str(line.due_status.state))

    @display(description=_("Due by"))
    def due_by(self, row: ChecklistItem) -> str:
        line = LINES.get().get(row.pk)
        at = line.due_status.due_by if line and line.is_open else None
        return _time(at) if at else "—"

    @display(description=_("Last done"))
    def last(self, row: ChecklistItem) -> str:
        line = LINES.get().get(row.pk)
        if line is None or line.tick is None:
            return "—"
        return gettext("{at} by {by}: {evidence}").format(
            at=_time(line.tick.at), by=line.tick.by, evidence=line.tick.evidence
        )

    @display(description=_("To do"))
    def to_tick(self, row: Any) -> SafeString | str:
        line = LINES.get().get(row.pk)
        if line is None or not line.is_open or not row.may_tick:
            return "—"
        url = reverse("admin:rollout_checklistitem_tick", args=[row.pk])
        return format_html(
            '<a class="underline" href="{}">{}</a>', url, gettext("Tick")
        )

    @form_action(
        _("Tick"),
        path="tick",
        icon="check",
        permission=CHANGE,
        form=TickForm,
        offered=lambda call: not checklists.why_not_tick(call.row),
        title=lambda call: gettext(call.row.text),
        explanation=lambda call: (
            f"{gettext(call.row.section)}, {call.row.get_cadence_display()}."
        ),
        back=lambda _call: reverse("checklist"),
    )
    def tick(self, call: ActionCall[ChecklistItem]) -> str:
        checklists.tick_line(
            item=call.row, by=call.actor, evidence=call.data["evidence"]
        )
        return gettext("Ticked: {text}").format(text=gettext(call.row.text))


def grouped(request: HttpRequest) -> HttpResponse:
    """Show the checklist of a stage by section, each with how much of it is met."""
    if not request.user.has_perm("rollout.view_checklistitem"):
        raise PermissionDenied
    here = plans.current().run
    asked = request.GET.get("stage", here.stage)
    stage = asked if asked in StageName.values else here.stage
    is_here = stage == here.stage
    known = checklists.checklist_lines(here) if is_here else []
    context = {
        **admin.site.each_context(request),
        "title": gettext("Checklist"),
        "stages": [(name, label, name == stage) for name, label in StageName.choices],
        "is_here": is_here,
        "sections": checklists.sections(known),
        "required": checklists.progress(known),
        "others": [] if is_here else ChecklistItem.objects.filter(stage=stage),
        "may_tick": request.user.has_perm(CHANGE),
    }
    return TemplateResponse(request, "admin/rollout/checklist.html", context)


def _time(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M H:i")


@admin.register(ChecklistTick)
class ChecklistTickAdmin(ReadOnlyAdmin):
    """All ticks: who, when and on what evidence."""

    empty_text = _("A line appears here when a user ticks the checklist.")
    list_display = ("at", "item", "due_for", "by", "evidence")
    list_filter = (("item__section", KnownTextFilter),)
    list_select_related = ("item", "run")
    search_fields = ("by", "evidence")
    fields = ("item", "run", "due_for", "by", "evidence", "at")

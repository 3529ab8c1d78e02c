from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm
from rollout.admin.actions import ask_and_do
from rollout.admin.forms import NoteForm
from rollout.admin.incident_actions import IncidentSteps, page_of
from rollout.admin.kill import KillAll
from rollout.incidents import incidents
from rollout.models import Incident

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

SHOWN_ENTRIES = 200
STATUS = {
    "open": "danger",
    "mitigated": "warning",
    "resolved": "success",
    "closed": "info",
}
SEVERITY = {"critical": "danger", "high": "danger", "medium": "warning", "low": "info"}
CHANGE = ["change_exposure"]


@admin.register(Incident)
class IncidentAdmin(IncidentSteps, KillAll, ReadOnlyAdmin):
    """What went wrong and what was done about it."""

    list_display = (
        "title",
        "shown_severity",
        "shown_status",
        "opened_at",
        "opened_by",
        "commander",
    )
    list_filter = ("status", "severity", ("opened_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("title", "opened_by", "timeline__text")
    fields = (
        "title",
        ("shown_severity", "shown_status"),
        ("opened_at", "opened_by", "commander"),
        ("mitigated_at", "resolved_at", "closed_at"),
        "customer_impact",
        "root_cause",
        "resolution",
        "prevention",
        "to_do",
        "story",
    )
    readonly_fields = (
        "title",
        "shown_severity",
        "shown_status",
        "opened_at",
        "opened_by",
        "commander",
        "mitigated_at",
        "resolved_at",
        "closed_at",
        "customer_impact",
        "root_cause",
        "resolution",
        "prevention",
        "to_do",
        "story",
    )
    actions_list = ("kill_all", "open_incident")
    actions_detail = (
        "add_note",
        "take_command",
        "mitigate",
        "resolve",
        "write_lessons",
        "close_incident",
        # All of them side by side are wider than a screen.
        {
            "title": "More",
            "items": [
                "assign",
                "set_severity",
                "add_action",
                "finish_action",
                "download",
            ],
        },
    )

    @display(description="Severity", label=SEVERITY)
    def shown_severity(self, row: Incident) -> str:
        return row.severity

    @display(description="Status", label=STATUS)
    def shown_status(self, row: Incident) -> str:
        return row.status

    @display(description="Timeline")
    def story(self, row: Incident) -> SafeString:
        entries = reversed(row.timeline.order_by("-id")[:SHOWN_ENTRIES])
        return format_html(
            "<ol>{}</ol>",
            format_html_join(
                "",
                "<li>{} — <b>{}</b>: {}</li>",
                (
                    (
                        timezone.localtime(entry.at).strftime("%d %b %Y %H:%M:%S"),
                        entry.author,
                        entry.text,
                    )
                    for entry in entries
                ),
            ),
        )

    @action(
        description="Add a note", url_path="note", icon="edit_note", permissions=CHANGE
    )
    def add_note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            incidents.add_note(
                incident=row, text=asked["text"], author=actor_of(request)
            )
            return "Noted."

        return ask_and_do(
            self,
            request,
            form=NoteForm(request.POST or None, label_suffix=""),
            do=do,
            title=f"Note on: {row.title}",
            explanation="Notes stay; telephone numbers and codes are taken out.",
            submit="Add",
            back=page_of(row),
        )

    @action(
        description="Mitigated",
        url_path="mitigate",
        icon="healing",
        permissions=CHANGE,
    )
    def mitigate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.move(
            request, object_id, Incident.Status.MITIGATED, "The harm has stopped."
        )

    @action(
        description="Resolved", url_path="resolve", icon="task_alt", permissions=CHANGE
    )
    def resolve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.move(
            request,
            object_id,
            Incident.Status.RESOLVED,
            "The cause is known and gone. The next rollback opens a new incident.",
        )

    @action(
        description="Closed", url_path="close", icon="inventory", permissions=CHANGE
    )
    def close_incident(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.move(
            request,
            object_id,
            Incident.Status.CLOSED,
            "Its four lessons are written down; nothing but notes is added afterwards.",
        )

    def move(
        self, request: HttpRequest, object_id: str, status: str, explanation: str
    ) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            incidents.set_status(
                incident=row,
                status=status,
                reason=asked["reason"],
                author=actor_of(request),
            )
            return f"The incident is {status}."

        return ask_and_do(
            self,
            request,
            form=ReasonForm(request.POST or None, label_suffix=""),
            do=do,
            title=f"{status.capitalize()}: {row.title}",
            explanation=explanation,
            submit=f"Set to {status}",
            back=page_of(row),
        )

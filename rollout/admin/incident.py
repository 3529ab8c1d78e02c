from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Value
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from easymo.backoffice.actions import ActionCall, filled, form_action
from easymo.backoffice.ranges import MomentRangeFilter
from rollout.admin.base import CHANGE
from rollout.admin.forms import (
    ActionForm,
    CommanderForm,
    ConfirmForm,
    FinishForm,
    IncidentForm,
    LessonsForm,
    NoteForm,
    SeverityForm,
)
from rollout.admin.rollback_actions import RollbackActions
from rollout.incidents import incidents
from rollout.models import ActionItem, Incident
from rollout.models.incident import ALLOWED
from rollout.reports.postmortem import postmortem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

SHOWN_ENTRIES = 200
STATUS = {
    "open": "danger",
    "mitigated": "warning",
    "resolved": "success",
    "closed": "info",
}
SEVERITY = {"critical": "danger", "high": "danger", "medium": "warning", "low": "info"}


def _lessons_of(call: ActionCall[Incident]) -> dict[str, str]:
    return {name: getattr(call.row, name) for name in incidents.LESSONS}


def _may_become(status: str) -> Callable[[ActionCall[Incident]], bool]:
    return lambda call: status in ALLOWED[call.row.status]


def _is_not_closed(call: ActionCall[Incident]) -> bool:
    return call.row.status != Incident.Status.CLOSED


def _item_of(call: ActionCall[Incident]) -> ActionItem:
    """Return the action item that the page shows: the named one, else the next."""
    request = call.request
    chosen = request.POST.get("item", "") or request.GET.get("item", "")
    if chosen.isascii() and chosen.isdigit():
        return get_object_or_404(call.row.action_items, pk=chosen)
    waiting = call.row.action_items.filter(done_at__isnull=True)
    return get_object_or_404(waiting.order_by("due", "id")[:1])


def _item_text(call: ActionCall[Incident]) -> str:
    item = _item_of(call)
    return f"{item.text} ({item.owner})"


def _item_url(item: ActionItem) -> str:
    url = reverse("admin:rollout_incident_finish_action", args=[item.incident_id])
    return f"{url}?item={item.pk}"


def _item_line(item: ActionItem, may_finish: bool) -> tuple[str, SafeString | str]:
    """Return an action item and who finished it, or the link that finishes it."""
    text = gettext("{text} — {owner}, by {due}").format(
        text=item.text, owner=item.owner, due=date_format(item.due, "j M Y")
    )
    if item.done_at:
        return text, gettext(", done by {done_by}").format(done_by=item.done_by)
    if not may_finish:
        return text, ""
    return text, format_html(
        ' (<a href="{}">{}</a>)', _item_url(item), gettext("done?")
    )


@admin.register(Incident)
class IncidentAdmin(RollbackActions):
    """Incidents: timeline, lessons learned and action items."""

    empty_text = _("No incident yet. A rollback opens one, and so can you.")
    first_action = "open_incident"
    list_display = (
        *("title", "shown_severity", "shown_status"),
        *("opened_at", "opened_by", "commander"),
    )
    list_filter = (
        ("resolved_at", admin.EmptyFieldListFilter),
        *("status", "severity"),
        ("opened_at", MomentRangeFilter),
    )
    list_filter_submit = True
    search_fields = ("title", "opened_by", "timeline__text")
    fields = (
        "title",
        ("shown_severity", "shown_status"),
        ("opened_at", "opened_by", "commander"),
        ("mitigated_at", "resolved_at", "closed_at"),
        *incidents.LESSONS,
        "to_do",
        "story",
    )
    actions_list = ("kill_all", "open_incident")
    # Side by side all of them are wider than a screen.
    more = ["assign", "set_severity", "add_action", "finish_action", "download"]
    actions_detail = (
        *("add_note", "take_command", "mitigate", "resolve"),
        *("write_lessons", "close_incident", {"title": _("More"), "items": more}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """Annotate whether the user may finish action items."""
        rows: QuerySet[Incident] = super().get_queryset(request)
        return rows.annotate(may_finish=Value(request.user.has_perm(CHANGE)))

    @display(description=_("Severity"), label=SEVERITY)
    def shown_severity(self, row: Incident) -> str:
        return row.severity

    @display(description=_("Status"), label=STATUS)
    def shown_status(self, row: Incident) -> str:
        return row.status

    @display(description=_("Timeline"))
    def story(self, row: Incident) -> SafeString:
        entries = reversed(row.timeline.order_by("-id")[:SHOWN_ENTRIES])
        lines = (
            (
                date_format(timezone.localtime(each.at), "j M Y H:i:s"),
                each.author,
                each.text,
            )
            for each in entries
        )
        items = format_html_join("", "<li>{} — <b>{}</b>: {}</li>", lines)
        return format_html("<ol>{}</ol>", items)

    @display(description=_("Action items"))
    def to_do(self, row: Any) -> SafeString | str:
        items = row.action_items.all()
        lines = (_item_line(item, row.may_finish) for item in items)
        shown = format_html_join("", "<li>{}{}</li>", lines)
        return format_html("<ul>{}</ul>", shown) if shown else "—"

    @form_action(
        _("Open an incident"),
        path="open",
        icon="add_alert",
        permission=CHANGE,
        form=IncidentForm,
        explanation=_("The people on call are notified according to the severity."),
        submit=_("Open"),
    )
    def open_incident(self, call: ActionCall[None]) -> str:
        made = incidents.report_incident(
            title=call.data["title"],
            severity=call.data["severity"],
            text=call.data["text"],
            by=call.actor,
        )
        return gettext("Incident {made} opened.").format(made=made)

    @form_action(
        _("Add a note"),
        path="note",
        icon="edit_note",
        permission=CHANGE,
        form=NoteForm,
        explanation=_("Notes stay. Telephone numbers and codes are removed."),
    )
    def add_note(self, call: ActionCall[Incident]) -> str:
        incidents.add_note(incident=call.row, text=call.data["text"], author=call.actor)
        return gettext("Note added to incident {row}.").format(row=call.row)

    @form_action(
        _("Mitigate"),
        path="mitigate",
        icon="healing",
        permission=CHANGE,
        offered=_may_become(Incident.Status.MITIGATED),
        explanation=_("The harm has stopped."),
    )
    def mitigate(self, call: ActionCall[Incident]) -> str:
        return _set_status(call, Incident.Status.MITIGATED)

    @form_action(
        _("Resolve"),
        path="resolve",
        icon="task_alt",
        permission=CHANGE,
        offered=_may_become(Incident.Status.RESOLVED),
        explanation=(
            _("The cause is known and removed. The next rollback opens a new incident.")
        ),
    )
    def resolve(self, call: ActionCall[Incident]) -> str:
        return _set_status(call, Incident.Status.RESOLVED)

    @form_action(
        _("Close the incident"),
        path="close",
        icon="inventory",
        permission=CHANGE,
        offered=_may_become(Incident.Status.CLOSED),
        unmet=lambda call: filled(incidents.missing_lessons(call.row)),
        explanation=(
            _(
                "The four lessons have to be written. Afterwards only notes can be added."
            )
        ),
    )
    def close_incident(self, call: ActionCall[Incident]) -> str:
        return _set_status(call, Incident.Status.CLOSED)

    @form_action(
        _("Take command"),
        path="take",
        icon="military_tech",
        permission=CHANGE,
        form=ConfirmForm,
        offered=lambda call: _is_not_closed(call) and call.row.commander != call.actor,
        explanation=_("You decide what is done and who does it."),
    )
    def take_command(self, call: ActionCall[Incident]) -> str:
        incidents.take_command(
            incident=call.row, commander=call.actor, author=call.actor
        )
        return gettext("You command incident {row}.").format(row=call.row)

    @form_action(
        _("Assign the commander"),
        path="assign",
        icon="person_raised_hand",
        permission=CHANGE,
        form=CommanderForm,
        offered=_is_not_closed,
        explanation=_(
            "One person commands an incident. The timeline records from when."
        ),
    )
    def assign(self, call: ActionCall[Incident]) -> str:
        incidents.take_command(
            incident=call.row, commander=call.data["commander"], author=call.actor
        )
        return gettext("{commander} commands incident {row}.").format(
            commander=call.row.commander, row=call.row
        )

    @form_action(
        _("Change the severity"),
        path="severity",
        icon="stairs",
        permission=CHANGE,
        form=SeverityForm,
        offered=_is_not_closed,
        initial=lambda call: {"severity": call.row.severity},
        explanation=_("A higher severity notifies the people on call again."),
    )
    def set_severity(self, call: ActionCall[Incident]) -> str:
        incidents.set_severity(
            incident=call.row,
            severity=call.data["severity"],
            reason=call.reason,
            author=call.actor,
        )
        return gettext("The severity of incident {row} is {severity}.").format(
            row=call.row, severity=call.row.severity
        )

    @form_action(
        _("Write lessons learned"),
        path="lessons",
        icon="school",
        permission=CHANGE,
        form=LessonsForm,
        offered=_is_not_closed,
        initial=_lessons_of,
        explanation=_("All four are needed before the incident can be closed."),
        submit=_("Save"),
    )
    def write_lessons(self, call: ActionCall[Incident]) -> str:
        written = {
            name: call.data[name]
            for name in incidents.LESSONS
            if call.data[name].strip()
        }
        incidents.write_lessons(incident=call.row, author=call.actor, **written)
        return gettext("Lessons of incident {row} saved.").format(row=call.row)

    @form_action(
        _("Add an action item"),
        path="action",
        icon="add_task",
        permission=CHANGE,
        form=ActionForm,
        explanation=_("A task that prevents the same incident."),
    )
    def add_action(self, call: ActionCall[Incident]) -> str:
        incidents.add_action(
            incident=call.row,
            text=call.data["text"],
            owner=call.data["owner"],
            due=call.data["due"],
            author=call.actor,
        )
        return gettext("Action item added to incident {row}.").format(row=call.row)

    @form_action(
        _("Finish the next action item"),
        path="action-done",
        icon="done_all",
        permission=CHANGE,
        form=FinishForm,
        offered=lambda call: call.row.action_items.filter(done_at=None).exists(),
        initial=lambda call: {"item": _item_of(call).pk},
        explanation=_item_text,
        submit=_("Done"),
    )
    def finish_action(self, call: ActionCall[Incident]) -> str:
        item = _item_of(call)
        incidents.finish_action(item=item, author=call.actor)
        return gettext("Action item done: {text}").format(text=item.text)

    @action(
        description=_("Post-mortem, in English"),
        url_path="post-mortem",
        icon="description",
        permissions=["view"],
    )
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)
        name = f'attachment; filename="post-mortem-{row.pk}.md"'
        return HttpResponse(
            postmortem(row),
            content_type="text/markdown",
            headers={"Content-Disposition": name},
        )


def _set_status(call: ActionCall[Incident], status: Incident.Status) -> str:
    incidents.set_status(
        incident=call.row, status=status, reason=call.reason, author=call.actor
    )
    return gettext("Incident {row} is {status}.").format(row=call.row, status=status)

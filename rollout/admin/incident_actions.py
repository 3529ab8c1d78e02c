"""The buttons of an incident beyond its status: who leads, how bad, what is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display

from easymo.backoffice.pages import actor_of
from rollout.admin.actions import ConfirmForm, ask_and_do
from rollout.admin.forms import (
    ActionForm,
    CommanderForm,
    IncidentForm,
    LessonsForm,
    SeverityForm,
)
from rollout.incidents import incidents, lessons
from rollout.models import ActionItem, Incident
from rollout.reports.postmortem import postmortem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

CHANGE = ["change_exposure"]


def page_of(row: Incident) -> str:
    return reverse("admin:rollout_incident_change", args=[row.pk])


class IncidentSteps:
    """Buttons; each asks, calls a service, and comes back to the incident."""

    def ask_about(
        self: Any,
        request: HttpRequest,
        row: Incident,
        *,
        form: forms.Form,
        do: Callable[[dict[str, Any]], str],
        title: str,
        explanation: str,
    ) -> HttpResponse:
        return ask_and_do(
            self,
            request,
            form=form,
            do=do,
            title=f"{title}: {row.title}",
            explanation=explanation,
            submit=title,
            back=page_of(row),
        )

    @action(
        description="Open an incident",
        url_path="open",
        icon="add_alert",
        permissions=CHANGE,
    )
    def open_incident(self: Any, request: HttpRequest) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            made = incidents.report_incident(
                title=asked["title"],
                severity=asked["severity"],
                text=asked["text"],
                by=actor_of(request),
            )
            return f"Incident {made.pk} is open."

        return ask_and_do(
            self,
            request,
            form=IncidentForm(request.POST or None, label_suffix=""),
            do=do,
            title="Open an incident",
            explanation="Those on call are told, by its severity.",
            submit="Open it",
            back=reverse("admin:rollout_incident_changelist"),
        )

    @action(
        description="I take command",
        url_path="take",
        icon="military_tech",
        permissions=CHANGE,
    )
    def take_command(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)

        def do(_asked: dict[str, Any]) -> str:
            me = actor_of(request)
            incidents.take_command(incident=row, commander=me, author=me)
            return "You lead now."

        return self.ask_about(
            request,
            row,
            form=ConfirmForm(request.POST or None),
            do=do,
            title="Take command",
            explanation="You decide what is done, and say who does it.",
        )

    @action(
        description="Hand command over",
        url_path="assign",
        icon="person_raised_hand",
        permissions=CHANGE,
    )
    def assign(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            incidents.take_command(
                incident=row, commander=asked["commander"], author=actor_of(request)
            )
            return f"{row.commander} leads now."

        return self.ask_about(
            request,
            row,
            form=CommanderForm(request.POST or None, label_suffix=""),
            do=do,
            title="Hand command over",
            explanation="One person leads; the story says from when.",
        )

    @action(
        description="Severity", url_path="severity", icon="stairs", permissions=CHANGE
    )
    def set_severity(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            incidents.set_severity(
                incident=row,
                severity=asked["severity"],
                reason=asked["reason"],
                author=actor_of(request),
            )
            return f"The severity is {row.severity}."

        return self.ask_about(
            request,
            row,
            form=SeverityForm(
                request.POST or None,
                label_suffix="",
                initial={"severity": row.severity},
            ),
            do=do,
            title="Change the severity",
            explanation="When it gets worse, those on call are told again.",
        )

    @action(
        description="Lessons learned",
        url_path="lessons",
        icon="school",
        permissions=CHANGE,
    )
    def write_lessons(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)
        written = {name: getattr(row, name) for name in incidents.LESSONS}

        def do(asked: dict[str, Any]) -> str:
            given = {name: asked[name] for name in written if asked[name].strip()}
            lessons.write_lessons(incident=row, author=actor_of(request), **given)
            return "Written down."

        return self.ask_about(
            request,
            row,
            form=LessonsForm(request.POST or None, label_suffix="", initial=written),
            do=do,
            title="Write down what was learned",
            explanation="All four are needed before the incident can be closed.",
        )

    @action(
        description="Add an action item",
        url_path="action",
        icon="add_task",
        permissions=CHANGE,
    )
    def add_action(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            lessons.add_action(
                incident=row,
                text=asked["text"],
                owner=asked["owner"],
                due=asked["due"],
                author=actor_of(request),
            )
            return "Added."

        return self.ask_about(
            request,
            row,
            form=ActionForm(request.POST or None, label_suffix=""),
            do=do,
            title="Add an action item",
            explanation="Something somebody will do so that it does not happen again.",
        )

    @action(
        description="Next action item is done",
        url_path="action-done",
        icon="done_all",
        permissions=CHANGE,
    )
    def finish_action(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)
        # Asked first for the next one; then the page names the one that it shows.
        chosen = request.GET.get("item", "")
        if not (chosen.isascii() and chosen.isdigit()):
            waiting = row.action_items.filter(done_at__isnull=True)
            following = get_object_or_404(waiting.order_by("due", "id")[:1])
            return redirect(page_to_finish(following))
        item = get_object_or_404(row.action_items, pk=chosen)

        def do(_asked: dict[str, Any]) -> str:
            lessons.finish_action(item=item, author=actor_of(request))
            return "Done."

        return self.ask_about(
            request,
            row,
            form=ConfirmForm(request.POST or None),
            do=do,
            title="Done",
            explanation=f"{item.text} ({item.owner})",
        )

    @action(
        description="Post-mortem",
        url_path="post-mortem",
        icon="description",
        permissions=["view"],
    )
    def download(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Incident, pk=object_id)
        answer = HttpResponse(postmortem(row), content_type="text/markdown")
        answer["Content-Disposition"] = (
            f'attachment; filename="post-mortem-{row.pk}.md"'
        )
        return answer

    @display(description="Action items")
    def to_do(self, row: Incident) -> SafeString | str:
        lines = format_html_join("", "<li>{}{}</li>", (told(i) for i in actions(row)))
        return format_html("<ul>{}</ul>", lines) if lines else "—"


def actions(row: Incident) -> list[ActionItem]:
    return list(row.action_items.all())


def told(item: ActionItem) -> tuple[str, SafeString | str]:
    """Return an action item's words, and what became of it or the link to end it."""
    text = f"{item.text} — {item.owner}, by {item.due:%d %b %Y}"
    if item.done_at:
        return text, f", done by {item.done_by}"
    return text, format_html(' (<a href="{}">done?</a>)', page_to_finish(item))


def page_to_finish(item: ActionItem) -> str:
    url = reverse("admin:rollout_incident_finish_action", args=[item.incident_id])
    return f"{url}?item={item.pk}"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.decorators import action, display

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from rollout.admin.actions import ConfirmForm, ask_and_do
from rollout.admin.forms import AnnouncementForm, ApprovalForm, WordsForm
from rollout.admin.permissions import ExposureRights
from rollout.announcements import announcements
from rollout.announcements.announcements import SUGGESTED
from rollout.core.ports import ports
from rollout.models import Announcement, AnnouncementDelivery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django import forms
    from django.contrib.admin.views.main import ChangeList
    from django.http import HttpRequest, HttpResponse

SEND = ["send_announcement"]
STATUS = {
    "draft": "info",
    "approved": "warning",
    "sending": "warning",
    "sent": "success",
}


@admin.register(Announcement)
class AnnouncementAdmin(ExposureRights, ReadOnlyAdmin):
    """What engineering, beta members or everyone is told; two people send it."""

    list_display = (
        "subject",
        "audience",
        "medium",
        "shown_status",
        "drafted_by",
        "approved_by",
        "sent_at",
    )
    list_filter = ("status", "audience", "medium")
    search_fields = ("subject", "text", "drafted_by")
    fields = readonly_fields = (
        "subject",
        "text",
        "audience",
        "medium",
        "shown_status",
        "drafted_by",
        "drafted_at",
        "approved_by",
        "approved_at",
        "sent_by",
        "sent_at",
        "reached",
    )
    actions_list = ("new_draft",)
    actions_detail = ("rewrite", "approve", "take_back", "send")

    @display(description="Status", label=STATUS)
    def shown_status(self, row: Announcement) -> str:
        return row.status

    @display(description="Recipients")
    def reached(self, row: Announcement) -> str:
        return str(announcements.counts(row))

    @action(
        description="New announcement",
        url_path="new",
        icon="campaign",
        permissions=SEND,
    )
    def new_draft(self, request: HttpRequest) -> HttpResponse:
        wanted = SUGGESTED.get(request.GET.get("for", ""), SUGGESTED["beta"])

        def do(asked: dict[str, Any]) -> str:
            audience, _, medium = asked["road"].partition(":")
            announcements.draft(
                audience=audience,
                medium=medium,
                subject=asked["subject"],
                text=asked["text"],
                by=actor_of(request),
            )
            return "Drafted. Another person approves it."

        return ask_and_do(
            self,
            request,
            form=AnnouncementForm(
                request.POST or None,
                label_suffix="",
                initial={
                    "road": wanted.road,
                    "subject": wanted.subject,
                    "text": wanted.text,
                },
            ),
            do=do,
            title="New announcement",
            explanation="A draft: nobody is told before another person approves it."
            " Telephone numbers, codes and e-mail addresses are taken out.",
            submit="Keep the draft",
            back=reverse("admin:rollout_announcement_changelist"),
        )

    @action(description="Rewrite", url_path="rewrite", icon="edit", permissions=SEND)
    def rewrite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Announcement, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            announcements.rewrite(
                announcement=row,
                subject=asked["subject"],
                text=asked["text"],
                by=actor_of(request),
            )
            return "Changed."

        now = {"subject": row.subject, "text": row.text}
        form = WordsForm(request.POST or None, label_suffix="", initial=now)
        return self.ask(
            request, row, form=form, do=do, title="Rewrite", why="Only a draft changes."
        )

    @action(description="Approve", url_path="approve", icon="task", permissions=SEND)
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Announcement, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            announcements.approve(
                announcement=row, by=actor_of(request), seen=asked["seen"]
            )
            return "Approved. It can be sent now."

        seen = {"seen": announcements.fingerprint(row)}
        form = ApprovalForm(request.POST or None, initial=seen)
        why = f"To {row.get_audience_display()} by {row.get_medium_display()}:"
        return self.ask(
            request, row, form=form, do=do, title="Approve", why=why, shows=True
        )

    @action(
        description="Take back", url_path="take-back", icon="undo", permissions=SEND
    )
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Announcement, pk=object_id)

        def do(_asked: dict[str, Any]) -> str:
            announcements.take_back(announcement=row)
            self.log_change(request, row, "Taken back.")
            return "It is a draft again."

        form = ConfirmForm(request.POST or None)
        return self.ask(
            request, row, form=form, do=do, title="Take back", why="A draft again."
        )

    @action(description="Send", url_path="send", icon="send", permissions=SEND)
    def send(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Announcement, pk=object_id)

        def do(_asked: dict[str, Any]) -> str:
            announcements.send(announcement=row, by=actor_of(request))
            return f"{row.get_status_display().capitalize()}."

        form = ConfirmForm(request.POST or None)
        why = (
            f"To {row.get_audience_display()} by {row.get_medium_display()}, once to"
            " each. Nobody who said STOP is written to."
        )
        return self.ask(
            request, row, form=form, do=do, title="Send", why=why, shows=True
        )

    def ask(
        self,
        request: HttpRequest,
        row: Announcement,
        *,
        form: forms.Form,
        do: Callable[[dict[str, Any]], str],
        title: str,
        why: str,
        shows: bool = False,
    ) -> HttpResponse:
        return ask_and_do(
            self,
            request,
            form=form,
            do=do,
            title=f"{title}: {row.subject}",
            explanation=why,
            submit=title,
            subjects=(row.subject, row.text) if shows else (),
            back=reverse("admin:rollout_announcement_change", args=[row.pk]),
        )


@admin.register(AnnouncementDelivery)
class AnnouncementDeliveryAdmin(ReadOnlyAdmin):
    """Who was told of what, once each."""

    list_display = ("announcement", "who", "status", "error", "settled_at")
    list_filter = ("status", "announcement")
    list_select_related = ("announcement",)
    search_fields = ("=recipient",)
    fields = readonly_fields = (
        "announcement",
        "who",
        "status",
        "attempts",
        "error",
        "settled_at",
    )

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Ask once for all names of a page."""
        page = super().get_changelist_instance(request)
        labels = _labels([row.recipient for row in page.result_list])
        for row in page.result_list:
            row.label = labels.get(row.recipient, row.recipient)
        return page

    @display(description="Recipient")
    def who(self, row: AnnouncementDelivery) -> str:
        """Return an address of our own people, or a person's masked number."""
        if not hasattr(row, "label"):
            return _labels([row.recipient]).get(row.recipient, row.recipient)
        return str(row.label)


def _labels(recipients: list[str]) -> Mapping[str, str]:
    return ports.labels(recipients) if ports.labels else {}

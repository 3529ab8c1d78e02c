from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, filled, form_action
from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.windows import Served
from rollout.admin.base import RolloutAdmin
from rollout.admin.forms import (
    AnnouncementForm,
    ApprovalForm,
    ConfirmForm,
    RewriteForm,
)
from rollout.announcements import announcements
from rollout.announcements.announcements import SUGGESTED
from rollout.core.ports import ports
from rollout.models import Announcement, AnnouncementDelivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.admin.views.main import ChangeList
    from django.http import HttpRequest

SEND = "rollout.send_announcement"
STATUS = {
    "draft": "info",
    "approved": "warning",
    "sending": "warning",
    "sent": "success",
}


def _suggested(call: ActionCall[None]) -> dict[str, Any]:
    found = SUGGESTED.get(call.request.GET.get("for", ""), SUGGESTED["beta"])
    return {
        "audience_and_medium": found.audience_and_medium,
        "subject": found.subject,
        "text": found.text,
    }


def _audience_of(call: ActionCall[Announcement]) -> str:
    row = call.row
    return gettext("To {get_audience_display} by {get_medium_display}").format(
        get_audience_display=row.get_audience_display(),
        get_medium_display=row.get_medium_display(),
    )


def _not_by_its_author(call: ActionCall[Announcement]) -> list[str]:
    if call.actor.casefold() != call.row.drafted_by.casefold():
        return []
    return [gettext("You wrote this draft. Another user approves it.")]


def _text_of(call: ActionCall[Announcement]) -> tuple[str, str]:
    return call.row.subject, call.row.text


@admin.register(Announcement)
class AnnouncementAdmin(RolloutAdmin):
    """Announcements: one user drafts, another approves, then it is sent."""

    empty_text = _(
        "Announcements to colleagues and customers: one user writes, another approves."
    )
    first_action = "new_draft"
    list_display = (
        *("subject", "audience", "medium", "shown_status"),
        *("drafted_by", "approved_by", "sent_at"),
    )
    list_filter = ("status", "audience", "medium")
    search_fields = ("subject", "text", "drafted_by")
    fields = (
        *("subject", "text", "audience", "medium", "shown_status"),
        *("drafted_by", "drafted_at", "approved_by", "approved_at"),
        *("sent_by", "sent_at", "reached"),
    )
    actions_list = ("new_draft",)
    actions_detail = ("rewrite", "approve", "take_back", "send")

    @display(description=_("Status"), label=STATUS)
    def shown_status(self, row: Announcement) -> str:
        return row.status

    @display(description=_("Recipients"))
    def reached(self, row: Announcement) -> str:
        return str(announcements.counts(row))

    @form_action(
        _("New announcement"),
        path="new",
        icon="campaign",
        permission=SEND,
        form=AnnouncementForm,
        initial=_suggested,
        explanation=_(
            "A second user approves it before it is sent. Telephone numbers,"
            " codes and e-mail addresses are removed."
        ),
        submit=_("Save as draft"),
    )
    def new_draft(self, call: ActionCall[None]) -> str:
        audience, _, medium = call.data["audience_and_medium"].partition(":")
        made = announcements.draft(
            audience=audience,
            medium=medium,
            subject=call.data["subject"],
            text=call.data["text"],
            by=call.actor,
        )
        return gettext("Draft “{made}” saved. A second user has to approve it.").format(
            made=made
        )

    @form_action(
        _("Rewrite"),
        path="rewrite",
        icon="edit",
        permission=SEND,
        form=RewriteForm,
        offered=lambda call: call.row.status == "draft",
        initial=lambda call: {"subject": call.row.subject, "text": call.row.text},
        explanation=_("Only a draft can be changed."),
        submit=_("Save"),
    )
    def rewrite(self, call: ActionCall[Announcement]) -> str:
        announcements.rewrite(
            announcement=call.row,
            subject=call.data["subject"],
            text=call.data["text"],
            by=call.actor,
        )
        return gettext("Draft “{subject}” saved.").format(subject=call.data["subject"])

    @form_action(
        _("Approve"),
        path="approve",
        icon="task",
        permission=SEND,
        form=ApprovalForm,
        offered=lambda call: call.row.status == "draft",
        unmet=_not_by_its_author,
        initial=lambda call: {"seen": announcements.fingerprint(call.row)},
        explanation=lambda call: f"{_audience_of(call)}:",
        subjects=_text_of,
    )
    def approve(self, call: ActionCall[Announcement]) -> str:
        announcements.approve(
            announcement=call.row, by=call.actor, seen=call.data["seen"]
        )
        return gettext("Announcement “{row}” approved. It can be sent now.").format(
            row=call.row
        )

    @form_action(
        _("Take back"),
        path="take-back",
        icon="undo",
        permission=SEND,
        form=ConfirmForm,
        offered=lambda call: call.row.status == "approved",
        explanation=_("It becomes a draft again."),
    )
    def take_back(self, call: ActionCall[Announcement]) -> str:
        announcements.take_back(announcement=call.row)
        call.log_change(call.row, "Taken back.")
        return gettext("Announcement “{row}” is a draft again.").format(row=call.row)

    @form_action(
        _("Send"),
        path="send",
        icon="send",
        permission=SEND,
        form=ConfirmForm,
        offered=lambda call: call.row.status == "approved",
        unmet=lambda call: filled(announcements.why_not_send(call.row)),
        explanation=lambda call: gettext(
            "{call}, once to each recipient. People who sent STOP are left out."
        ).format(call=_audience_of(call)),
        subjects=_text_of,
    )
    def send(self, call: ActionCall[Announcement]) -> str:
        announcements.send(announcement=call.row, by=call.actor)
        return gettext("Announcement “{row}”: {get_status_display}.").format(
            row=call.row, get_status_display=call.row.get_status_display()
        )


@admin.register(AnnouncementDelivery)
class AnnouncementDeliveryAdmin(ReadOnlyAdmin):
    """The recipients of announcements, one delivery each."""

    empty_text = _(
        "One line for each recipient appears here when an announcement is sent."
    )
    list_display = ("announcement", "who", "status", "error", "settled_at")
    list_filter = ("status", "announcement")
    served_filters = (Served("announcement"),)
    list_select_related = ("announcement",)
    search_fields = ("=recipient",)
    fields = ("announcement", "who", "status", "attempts", "error", "settled_at")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Read the names of a page's recipients in one query."""
        page = super().get_changelist_instance(request)
        labels = _labels([row.recipient for row in page.result_list])
        for row in page.result_list:
            row.label = labels.get(row.recipient, row.recipient)
        return page

    @display(description=_("Recipient"))
    def who(self, row: AnnouncementDelivery) -> str:
        """Return a staff address, or a customer's masked number."""
        if not hasattr(row, "label"):
            return _labels([row.recipient]).get(row.recipient, row.recipient)
        return str(row.label)


def _labels(recipients: list[str]) -> Mapping[str, str]:
    return ports.labels(recipients) if ports.labels else {}

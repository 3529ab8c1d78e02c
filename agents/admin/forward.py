from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin.base import AgentsAdmin
from agents.core.errors import AgentError
from agents.forwarding import queue
from agents.models import ForwardedItem, ForwardTarget
from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.windows import Served

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

PERMISSION = "agents.resend_forwarded"
STATE_COLOURS = {
    "queued": "info",
    "sent": "success",
    "ours": "success",
    "expired": "danger",
}


@admin.register(ForwardedItem)
class ForwardedItemAdmin(AgentsAdmin):
    """Messages forwarded to the previous workflow. Contents are never shown."""

    empty_text = _(
        "Messages that the agent may not handle appear here when "
        "LEGACY_WEBHOOK_URL is set."
    )
    list_display = ("id", "kind", "why", "status", "created_at", "sent_at")
    list_filter = ("state", "kind", "reason")
    served_filters = (Served("state", "-created_at", "queued"),)
    search_fields = ("=id", "=event__id")
    ordering = ("-id",)
    fields = (
        ("kind", "why", "status"),
        "event",
        ("created_at", "sent_at", "held_until"),
    )
    list_before_template = "admin/agents/forwarding.html"
    actions_list = ("try_now",)
    actions_detail = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ForwardedItem]:
        """Leave the contents in the database."""
        rows: QuerySet[ForwardedItem] = super().get_queryset(request)
        return rows.defer("content")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the state of the previous workflow above the list."""
        context = (extra_context or {}) | {"forwarding": queue.overview()}
        return super().changelist_view(request, context)

    @display(description=_("Why"))
    def why(self, row: ForwardedItem) -> str:
        return row.get_reason_display()

    @display(description=_("State"), label=STATE_COLOURS)
    def status(self, row: ForwardedItem) -> str:
        return row.state

    @form_action(
        _("Try now"),
        path="try-now",
        icon="refresh",
        permission=PERMISSION,
        title=_("Try all waiting items now"),
        explanation=_("All pauses end, and everything that waits is tried at once."),
        submit=_("Try now"),
    )
    def try_now(self, call: ActionCall[None]) -> str:
        count = queue.retry_now()
        target = ForwardTarget.objects.get(pk=1)
        call.log_change(target, f"Tried now: {call.reason}")
        return gettext("The items of {count} senders are tried now.").format(
            count=count
        )

    @form_action(
        _("Forward again"),
        path="send-again",
        icon="forward",
        permission=PERMISSION,
        offered=lambda call: queue.may_send_again(call.row.pk),
        explanation=_("The previous workflow receives it a second time."),
        subjects=lambda call: [call.row],
    )
    def send_again(self, call: ActionCall[ForwardedItem]) -> str:
        if not queue.send_again([call.row.pk]):
            raise AgentError(
                gettext("Only an item that was sent and is kept can be repeated.")
            )
        call.log_change(call.row, f"Forwarded again: {call.reason}")
        return gettext("Item {pk} is forwarded again.").format(pk=call.row.pk)

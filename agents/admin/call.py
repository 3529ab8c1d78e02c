"""Phone calls: why each was taken or rejected, its timeline, transcript and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin.base import AgentsAdmin
from agents.calls import timeline
from agents.models import Call, CallEvent, ToolCall
from easymo.backoffice.ranges import MomentRangeFilter

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

COLOURS = {
    "ringing": "info",
    "accepting": "info",
    "accepted": "info",
    "attached": "info",
    "rejecting": "warning",
    "rejected": "warning",
    "ended": "success",
}
MOST_EVENTS = 500


@admin.register(Call)
class CallAdmin(AgentsAdmin):
    """Calls with their timeline."""

    empty_text = _("Calls appear here when people ring, or call in the simulator.")
    list_display = (
        *("received_at", "person", "caller", "shown_state", "reason"),
        *("language", "length", "shown_cost"),
    )
    list_display_links = ("received_at",)
    list_filter = (
        "state",
        "outcome",
        "language",
        "is_synthetic",
        ("received_at", MomentRangeFilter),
    )
    list_filter_submit = True
    list_select_related = ("profile",)
    search_fields = ("=public_id", "=call_id", "=reason")
    search_help_text = _("The id of a call, or a reason")
    ordering = ("-id",)
    fields = (
        ("person", "caller", "language"),
        ("shown_state", "reason", "outcome"),
        ("received_at", "accepted_at", "ended_at"),
        ("length", "accepted_after", "proof"),
        ("model", "shown_cost", "chat"),
    )
    readonly_fields = (
        *("person", "caller", "language", "shown_state", "reason", "outcome"),
        *(
            "received_at",
            "accepted_at",
            "ended_at",
            "length",
            "accepted_after",
            "proof",
        ),
        *("model", "shown_cost", "chat"),
    )
    change_form_after_template = "admin/agents/call.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the timeline and the tool calls below the fields."""
        extra = _below(int(object_id)) if object_id and object_id.isdigit() else {}
        context = (extra_context or {}) | extra
        return super().changeform_view(request, object_id, form_url, context)

    @display(description=_("Person"))
    def person(self, row: Call) -> str:
        return str(row.profile) if row.profile else "—"

    @display(description=_("Calling number"))
    def caller(self, row: Call) -> str:
        return row.caller_masked or "—"

    @display(description=_("Accepted after"))
    def accepted_after(self, row: Call) -> str:
        return "—" if row.accept_ms is None else f"{row.accept_ms} ms"

    @display(description=_("State"), label=COLOURS)
    def shown_state(self, row: Call) -> str:
        return row.get_state_display()

    @display(description=_("Length"))
    def length(self, row: Call) -> str:
        if row.accepted_at is None or row.ended_at is None:
            return "—"
        seconds = int((row.ended_at - row.accepted_at).total_seconds())
        return f"{seconds // 60}:{seconds % 60:02}"

    @display(description=_("Cost"))
    def shown_cost(self, row: Call) -> str:
        if row.accepted_at is None:
            return "—"
        return gettext("unknown") if row.cost is None else f"${row.cost:.4f}"

    @display(description=_("Caller proved who they are"))
    def proof(self, row: Call) -> str:
        return {"pin": gettext("with the PIN"), "whatsapp": gettext("on WhatsApp")}.get(
            row.verified_by, gettext("no")
        )

    @display(description=_("Turns"))
    def chat(self, row: Call) -> str:
        if row.conversation_id is None:
            return "—"
        page = reverse("admin:agents_conversation_change", args=[row.conversation_id])
        return format_html(
            '<a href="{}">{}</a>', page, gettext("The turns of this call")
        )


def _below(call_id: int) -> dict[str, Any]:
    """Return the entries of the call's timeline and its tool calls."""
    events = CallEvent.objects.filter(call=call_id).order_by("id")[:MOST_EVENTS]
    tools = ToolCall.objects.filter(turn__conversation__call=call_id).order_by("id")
    return {
        "timeline": timeline.entries(events),
        "tools": tools[:MOST_EVENTS],
    }

from __future__ import annotations

from django.contrib import admin
from unfold.decorators import display

from agents.models import OutboundMessage
from easymo.backoffice.pages import ReadOnlyAdmin

STATE_COLOURS = {
    "queued": "info",
    "sending": "info",
    "unknown": "warning",
    "sent": "success",
    "delivered": "success",
    "read": "success",
    "failed": "danger",
}


@admin.register(OutboundMessage)
class OutboundMessageAdmin(ReadOnlyAdmin):
    """What goes out: its state, its tries, the provider's word."""

    list_display = (
        "id",
        "person",
        "kind",
        "status",
        "attempts",
        "error_code",
        "created_at",
        "handed_over_at",
    )
    list_filter = ("state", "kind", "error_code")
    list_select_related = ("conversation__profile",)
    search_fields = ("=public_id", "=cause", "conversation__profile__name")
    ordering = ("-id",)
    fields = (
        ("person", "conversation", "kind"),
        ("status", "attempts", "error_code"),
        "body",
        ("public_id", "cause"),
        ("created_at", "handed_over_at", "delivered_at", "read_at"),
        ("next_attempt_at", "lease_expires_at"),
    )
    readonly_fields = (
        "person",
        "conversation",
        "kind",
        "status",
        "attempts",
        "error_code",
        "body",
        "public_id",
        "cause",
        "created_at",
        "handed_over_at",
        "delivered_at",
        "read_at",
        "next_attempt_at",
        "lease_expires_at",
    )

    @display(description="Person")
    def person(self, row: OutboundMessage) -> str:
        return str(row.conversation.profile)

    @display(description="State", label=STATE_COLOURS)
    def status(self, row: OutboundMessage) -> str:
        return row.state

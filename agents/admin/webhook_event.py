from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.models import DeadLetter, WebhookEvent
from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.windows import Served

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet
    from django.http import HttpRequest

STATE_COLOURS = {"received": "info", "done": "success", "failed": "danger"}


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """The event store. Bodies are personal data and are never shown."""

    empty_text = _("Each webhook of WhatsApp or OpenAI appears here when it arrives.")
    list_display = ("id", "status", "size", "is_synthetic", "received_at", "processed")
    list_filter = ("state", "is_synthetic")
    served_filters = (
        Served("state", value="received"),
        Served("state", value="failed"),
    )
    search_fields = ("=id", "=correlation_id")
    ordering = ("-id",)
    fields = (
        ("status", "attempts", "size"),
        ("is_synthetic", "correlation_id"),
        ("received_at", "processed_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        """Leave the bodies in the database; read only their length."""
        rows: QuerySet[WebhookEvent] = super().get_queryset(request)
        return rows.defer("body").annotate(body_length=Length("body"))

    @display(description=_("State"), label=STATE_COLOURS)
    def status(self, row: WebhookEvent) -> str:
        return row.state

    @display(description=_("Bytes"))
    def size(self, row: Any) -> int | str:
        return "deleted" if row.body_length is None else int(row.body_length)

    @display(description=_("Processed"), ordering="processed_at")
    def processed(self, row: WebhookEvent) -> object:
        return None if row.state == WebhookEvent.State.RECEIVED else row.processed_at


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """Items of a webhook that could not be processed."""

    empty_text = _("Parts of webhooks that could not be processed appear here.")
    list_display = ("id", "event", "path", "reason", "created_at")
    list_filter = ("reason",)
    list_select_related = ("event",)
    search_fields = ("path", "reason", "=event__id")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Leave the bodies in the database."""
        rows: QuerySet[DeadLetter] = super().get_queryset(request)
        return rows.defer("event__body")

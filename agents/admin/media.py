"""What people sent: opened by few, each time with a line that tells who."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from unfold.admin import TabularInline
from unfold.decorators import action, display

from agents.inbound import media_store
from agents.models import Media, MediaOpening
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

COLOURS = {"stored": "success", "failed": "danger", "skipped": "info"}


class OpeningInline(TabularInline):  # type: ignore[misc]
    """Who has looked."""

    model = MediaOpening
    fields = ("opened_by", "opened_at")
    readonly_fields = fields
    ordering = ("-id",)
    extra = 0
    can_delete = False

    def has_add_permission(
        self, request: HttpRequest, obj: Media | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Media | None = None
    ) -> bool:
        return False


@admin.register(Media)
class MediaAdmin(ReadOnlyAdmin):
    """Pictures, recordings and files; nothing of them is shown within a page."""

    list_display = ("person", "kind", "status", "size", "error_code", "created_at")
    list_filter = ("state", "kind", "error_code")
    list_select_related = ("message__conversation__profile",)
    ordering = ("-id",)
    fields = (
        ("person", "kind", "status"),
        ("size", "extension", "error_code"),
        ("seconds", "transcriber", "language", "confidence", "cost"),
        ("created_at", "settled_at"),
    )
    readonly_fields = (
        "person",
        "kind",
        "status",
        "size",
        "extension",
        "error_code",
        "seconds",
        "transcriber",
        "language",
        "confidence",
        "cost",
        "created_at",
        "settled_at",
    )
    inlines = (OpeningInline,)
    actions_detail = ("open_one",)

    def has_open_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return request.user.has_perm("agents.open_media")

    @display(description="Person")
    def person(self, row: Media) -> str:
        return str(row.message.conversation.profile)

    @display(description="State", label=COLOURS)
    def status(self, row: Media) -> str:
        return row.state

    @action(
        description="Download", url_path="open", icon="download", permissions=["open"]
    )
    def open_one(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Send the bytes as a file of our own naming, which no browser runs."""
        if not self.has_open_permission(request):
            raise PermissionDenied
        media = get_object_or_404(Media, pk=object_id)
        if media.state != Media.State.STORED:
            raise Http404
        answer = StreamingHttpResponse(
            media_store.read_content(media, by=actor_of(request)),
            content_type="application/octet-stream",
        )
        name = f"{media.public_id}.{media.extension or 'bin'}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Content-Length"] = str(media.size)
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer["Cache-Control"] = "no-store"
        return answer

"""Files that customers sent; every download is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from agents.inbound import media_store
from agents.models import Media, MediaOpening
from easymo.backoffice.pages import ReadOnlyAdmin, ReadOnlyInline, actor_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

COLOURS = {"stored": "success", "failed": "danger", "skipped": "info"}


class OpeningInline(ReadOnlyInline):
    """Users who downloaded the file."""

    model = MediaOpening
    fields = readonly_fields = ("opened_by", "opened_at")
    ordering = ("-id",)


@admin.register(Media)
class MediaAdmin(ReadOnlyAdmin):
    """Pictures, recordings and files; no page shows their contents."""

    empty_text = _("Pictures, recordings and files that people send appear here.")
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
    inlines = (OpeningInline,)
    actions_detail = ("open_one",)

    def has_open_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        if not request.user.has_perm("agents.open_media"):
            return False
        stored = Media.objects.filter(state=Media.State.STORED)
        return object_id is None or stored.filter(pk=object_id).exists()

    @display(description=_("Person"))
    def person(self, row: Media) -> str:
        return str(row.message.conversation.profile)

    @display(description=_("State"), label=COLOURS)
    def status(self, row: Media) -> str:
        return row.state

    @action(
        description=_("Download"),
        url_path="open",
        icon="download",
        permissions=["open"],
    )
    def open_one(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Send the bytes as a download that no browser runs, under a neutral name."""
        if not request.user.has_perm("agents.open_media"):
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

from __future__ import annotations

from django.contrib import admin

from easymo.backoffice.pages import ReadOnlyAdmin
from rollout.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """What was told to our own people, over which road, and whether it arrived."""

    list_display = (
        "created_at",
        "subject",
        "medium",
        "recipient",
        "status",
        "attempts",
        "last_error",
    )
    list_filter = ("status", "medium")
    search_fields = ("text", "recipient")
    fields = readonly_fields = (
        "created_at",
        "subject",
        "text",
        "medium",
        "recipient",
        "incident",
        "status",
        "attempts",
        "last_error",
        "next_attempt_at",
        "sent_at",
    )
    list_select_related = ("incident",)

from __future__ import annotations

from django.contrib import admin
from unfold.decorators import display

from agents.models import ConsentEvent
from easymo.backoffice.pages import ReadOnlyAdmin


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    """Who said STOP and START, when, and by which road; never rewritten."""

    list_display = ("created_at", "person", "word", "source")
    list_filter = ("kind", "source")
    list_select_related = ("profile",)
    search_fields = ("profile__name", "=profile__msisdn")
    ordering = ("-id",)
    fields = (("person", "word", "source"), "created_at")
    readonly_fields = ("person", "word", "source", "created_at")

    @display(description="Person")
    def person(self, row: ConsentEvent) -> str:
        return str(row.profile)

    @display(description="Word", label={"stop": "warning", "start": "success"})
    def word(self, row: ConsentEvent) -> tuple[str, str]:
        return row.kind, row.get_kind_display()

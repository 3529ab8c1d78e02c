from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from easymo.backoffice.pages import ReadOnlyAdmin
from rollout.flags.selectors import state_text
from rollout.models import FlagChange, RollbackEvent


@admin.register(FlagChange)
class FlagChangeAdmin(ReadOnlyAdmin):
    """Every change of exposure there ever was."""

    list_display = ("at", "what", "before_after", "actor", "source", "reason")
    list_display_links = ("at",)
    list_filter = ("kind", "source", "flag", ("at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("flag", "cohort")
    search_fields = ("actor", "reason", "=subject")
    search_help_text = "Who, why, or a subject"
    fields = (
        ("at", "what"),
        "before_after",
        ("actor", "source", "override"),
        "reason",
        ("subject", "epoch"),
    )
    readonly_fields = (
        "at",
        "what",
        "before_after",
        "actor",
        "source",
        "override",
        "reason",
        "subject",
        "epoch",
    )

    @display(description="What")
    def what(self, row: FlagChange) -> str:
        return str(row.flag) if row.flag else f"cohort {row.cohort}"

    @display(description="Change")
    def before_after(self, row: FlagChange) -> str:
        if row.flag is None:
            return row.get_kind_display()
        return f"{state_text(row.before)} → {state_text(row.after)}"


@admin.register(RollbackEvent)
class RollbackEventAdmin(ReadOnlyAdmin):
    """Every rollback, with whether the fence was proven."""

    list_display = ("at", "kind", "actor", "reason", "fence_proven", "incident")
    list_filter = ("kind", "fence_proven", ("at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("incident",)
    search_fields = ("actor", "reason")
    fields = readonly_fields = (
        "at",
        "kind",
        "features",
        "actor",
        "source",
        "reason",
        "fence_proven",
        "epoch",
        "incident",
    )

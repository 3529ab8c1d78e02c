from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.models import MentionSearch
from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.windows import LONGEST_KEY, Window, chosen, keys_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(MentionSearch)
class MentionSearchAdmin(ReadOnlyAdmin):
    """Erased people, and how far the search for them in other conversations is."""

    empty_text = _("A person who was erased appears here.")
    list_display = (
        "id",
        "person",
        "progress",
        "rows_read",
        "rows_blanked",
        "created_at",
        "finished_at",
    )
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    list_select_related = ("erasure",)
    search_fields = ("=id", "=erasure__profile__id")
    ordering = ("-id",)
    fields = (
        ("person", "progress"),
        ("by", "reason"),
        ("rows_read", "rows_blanked"),
        ("created_at", "moved_at", "resume_at", "finished_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[MentionSearch]:
        """Leave the search words in the database."""
        rows: QuerySet[MentionSearch] = super().get_queryset(request)
        return rows.select_related("erasure").defer("words_sealed")

    def find(self, request: HttpRequest, words: str) -> Window:
        """Find by the number of the search, or of the person."""
        text = words.strip()
        if not text.isascii() or not text.isdigit() or len(text) > LONGEST_KEY:
            return chosen([])
        own = MentionSearch.objects.filter(pk=text)
        of_person = MentionSearch.objects.filter(erasure__profile=int(text))
        return chosen([*keys_of(own), *keys_of(of_person)])

    @display(description=_("Person"))
    def person(self, row: MentionSearch) -> str:
        return gettext("Forgotten person {profile_id}").format(
            profile_id=row.erasure.profile_id
        )

    @display(description=_("Searched"))
    def progress(self, row: MentionSearch) -> str:
        return f"{row.percent} %"

    @display(description=_("Erased by"))
    def by(self, row: MentionSearch) -> str:
        return row.erasure.actor

    @display(description=_("Reason"))
    def reason(self, row: MentionSearch) -> str:
        return row.erasure.reason

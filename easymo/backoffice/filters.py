"""Filters of lists that show unfinished rows first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import SimpleListFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.admin.views.main import ChangeList
    from django.db.models import Q, QuerySet
    from django.http import HttpRequest

ALL = "all"
DONE = "done"


class OpenFirstFilter(SimpleListFilter):
    """Shows the rows that are open, unless the user asks for others."""

    title = "state"
    parameter_name = "show"
    # The words for both kinds of rows.
    open_label = "open"
    done_label = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(DONE, self.done_label), (ALL, "all")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Name the default choice after what it shows."""
        first, *others = super().choices(changelist)
        yield {**first, "display": self.open_label}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == ALL:
            return queryset
        if self.value() == DONE:
            return queryset.exclude(self.is_open())
        return queryset.filter(self.is_open())

    def is_open(self) -> Q:
        """Return the condition of the open rows."""
        raise NotImplementedError

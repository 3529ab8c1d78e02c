"""Filters of lists: unfinished rows first; the values of recent rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import AllValuesFieldListFilter, SimpleListFilter
from django.db.models import Count, IntegerField, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from easymo.backoffice.windows import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.admin.views.main import ChangeList
    from django.db.models import Q, QuerySet
    from django.http import HttpRequest

    from easymo.backoffice.actions import Words

ALL = "all"
DONE = "done"
# The largest number of values of a column that are offered.
MOST_VALUES = 50


class OpenFirstFilter(SimpleListFilter):
    """Shows the rows that are open, unless the user asks for others."""

    title: Words = _("state")
    parameter_name = "show"
    # The words for both kinds of rows.
    open_label: Words = _("open")
    done_label: Words = _("closed")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(DONE, str(self.done_label)), (ALL, gettext("all"))]

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


class KnownTextFilter(AllValuesFieldListFilter):
    """Offers stored texts of the catalogue in the language of the page."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Return the choices with their texts translated."""
        for choice in super().choices(changelist):
            yield {**choice, "display": gettext(str(choice["display"]))}


class RecentValuesFilter(AllValuesFieldListFilter):
    """Offers the values of the newest rows: those of all rows would need all rows.

    Of many values, the most frequent: in a column where each row has its own, such as the
    lock of a job, a list of all of them is no help.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = self.field.model
        if isinstance(model._meta.pk, IntegerField):
            last = model._default_manager.order_by("-pk").values("pk")
            first = Subquery(last[WINDOW - 1 : WINDOW])
            rows = model._default_manager.filter(pk__gte=Coalesce(first, 0))
            column = self.field.name
            counted = rows.values(column).annotate(rows=Count("pk"))
            frequent = counted.order_by("-rows", column)[:MOST_VALUES]
            values = sorted(
                (each[column] for each in frequent),
                key=lambda value: (value is None, value),
            )
            chosen: Any = self._with_chosen(values)
            self.lookup_choices = chosen

    def _with_chosen(self, values: list[Any]) -> list[Any]:
        if self.lookup_val and self.lookup_val[-1] not in map(str, values):
            values.append(self.lookup_val[-1])
        return values

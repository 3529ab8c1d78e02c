"""Base classes of the admin pages: read-only objects, bounded lists."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.core.paginator import Paginator
from django.db.models import IntegerField, QuerySet
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from unfold.admin import ModelAdmin, TabularInline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User
    from django.db.models import Model
    from django.http import HttpRequest
    from django.urls import URLPattern

# Counting a million rows on each visit costs too much.
MAX_COUNT = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Count no further than ``MAX_COUNT``; search and filters reach the rest."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most ``MAX_COUNT``."""
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[:MAX_COUNT].count()
        return len(rows)


# What the filters of the lists add to the name of their field.
FILTER_SUFFIXES = (
    "",
    "__exact",
    "__id__exact",
    "__in",
    "__isnull",
    "__isempty",
    "__gte",
    "__lt",
    "_from",
    "_to",
    "_from_0",
    "_from_1",
    "_to_0",
    "_to_1",
)


class ListedLookups:
    """Refuse a lookup in the address of a list that no filter of the list makes.

    Django allows every lookup on the model's own fields. ``?msisdn__startswith=`` would
    tell a user the digits of a masked number, one after the other.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the names that the filters of this list use."""
        return lookup in {
            f"{name}{suffix}"
            for name in self._filtered(request)
            for suffix in FILTER_SUFFIXES
        }

    def _filtered(self, request: HttpRequest) -> Iterator[str]:
        for item in cast("ModelAdmin", self).get_list_filter(request):
            if isinstance(item, str):
                yield item
            elif isinstance(item, tuple | list):
                yield str(item[0])
            else:
                yield str(item.parameter_name)


class RowId(StringConverter):
    """An id of digits: any other address is 404 without a query."""

    regex = "[0-9]{1,18}"


register_converter(RowId, "row")


class ReadOnlyAdmin(ListedLookups, ModelAdmin):  # type: ignore[misc]
    """Objects that are shown only; actions change them through services.

    Without the permission to change, Django shows all ``fields`` read-only.
    """

    # Errors of services whose text is shown to the user.
    refusals: tuple[type[Exception], ...] = ()
    # What belongs here, and the list's action that creates the first row.
    empty_text = ""
    first_action = ""

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    paginator = BoundedPaginator
    actions: Any = None
    warn_unsaved_form = False

    def get_urls(self) -> list[URLPattern]:
        """Answer 404 where the id in an address is no number."""
        found: list[URLPattern] = super().get_urls()
        if not isinstance(self.model._meta.pk, IntegerField):
            return found
        return [
            path(
                str(each.pattern).replace("<path:object_id>", "<row:object_id>"),
                each.callback,
                each.default_args,
                each.name,
            )
            for each in found
        ]

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: services create objects."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: actions change objects."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: the records stay."""
        return False

    def refusal_sentences(self, error: Exception) -> list[str]:
        """Return what the user reads about a refused action."""
        return [str(error)]


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    """Related objects that are shown only."""

    extra = 0
    can_delete = False

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: services create objects."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: services change objects."""
        return False


def actor_of(request: HttpRequest) -> str:
    """Return the user name that changes are recorded under."""
    return request.user.get_username()


def person_of(request: HttpRequest) -> User:
    """Return the signed-in user."""
    return cast("User", request.user)

"""What every page of the back office shares."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.core.paginator import Paginator
from django.db.models import IntegerField, QuerySet
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from unfold.admin import ModelAdmin

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import Model
    from django.http import HttpRequest
    from django.urls import URLPattern

# Nobody turns to page 200; counting a million rows on each visit is not worth it.
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


class RowId(StringConverter):
    """What can be the id of a row; anything else is no page, and no question."""

    regex = "[0-9]{1,18}"


register_converter(RowId, "row")


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows to look at: state changes only by actions, which call services."""

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    paginator = BoundedPaginator
    actions: Any = None
    warn_unsaved_form = False

    def get_urls(self) -> list[URLPattern]:
        """Answer 404 where an address names no row that there could be."""
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
        """Refuse: rows are made by services."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: state changes only by actions."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: the trail stays."""
        return False


def actor_of(request: HttpRequest) -> str:
    """Return the name under which this person's changes are written down."""
    return request.user.get_username()


def person_of(request: HttpRequest) -> User:
    """Return whoever is signed in; pages of the back office have nobody else."""
    return cast("User", request.user)
